/** A distance: `delay.js LISTEN-PORT TARGET-PORT MILLISECONDS` passes bytes on, both ways, each so much later. */
import { connect, createServer, type Socket } from 'node:net';

const [listenPort, targetPort, milliseconds] = process.argv.slice(2).map(Number) as [number, number, number];
/** Bytes under way in one direction: more than any window of gRPC's, so that the delay alone slows. */
const longest = 64 << 20;

createServer((near) => {
  const far = connect(targetPort, '127.0.0.1');
  for (const socket of [near, far]) socket.setNoDelay(true).on('error', () => {});
  pass(near, far);
  pass(far, near);
}).listen(listenPort, '0.0.0.0', () => console.log('listening'));

function pass(from: Socket, to: Socket): void {
  let underWay = 0;
  from.on('data', (bytes) => {
    underWay += bytes.length;
    if (underWay > longest) from.pause();
    setTimeout(() => {
      underWay -= bytes.length;
      if (underWay <= longest) from.resume();
      to.write(bytes);
    }, milliseconds);
  });
  from.on('close', () => setTimeout(() => to.destroy(), milliseconds));
}
