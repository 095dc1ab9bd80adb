let goOn: () => string = () => '';

function interrupted(): void {
  process.stderr.write(`\ntributary: interrupted${goOn()}\n`);
  process.exit(130);
}

/** Ends the process at Ctrl-C at once, with one line and the code 130. Files are written whole or not at all. */
export function endOnInterrupt(): void {
  process.on('SIGINT', interrupted);
}

/** Says how to go on in the line that Ctrl-C leaves. */
export function onInterrupt(say: () => string): void {
  goOn = say;
}

/** Leaves Ctrl-C to those who drain. */
export function letInterruptDrain(): void {
  process.off('SIGINT', interrupted);
}
