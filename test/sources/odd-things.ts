import { execFileSync } from 'node:child_process';

/**
 * Makes two sources of every odd thing that has been met: class folders (`folders/train`) and tar shards
 * (`tars/shards`), each with a few sound samples.
 */
export function makeOddThings(root: string): void {
  execFileSync('bash', ['-euc', script], { cwd: root });
}

const script = `
image() { for name; do mkdir -p "$(dirname "$name")"; echo image > "$name"; done; }
mkdir outside; image outside/o.jpg
image folders/train/cat/{a,b}.jpg folders/train/dog/{a,b,c}.jpg

cd folders/train/dog
image ._a.jpg .DS_Store .cache/x.jpg ../__MACOSX/dog/._a.jpg
ln -s ../../../outside/o.jpg out.jpg
ln -s ../../../outside outside
ln -s nowhere.jpg gone.jpg
ln -s .. round
ln -s ../cat linked
image $'bad\\xff.jpg' $'bad\\xfe.jpg'
mkdir $'folder\\xff'
image $'two\\nlines.txt' notes.txt d.gif e.PBM shards.tar.gz
mkfifo fifo.jpg
touch empty.jpg
truncate -s 5G huge.jpg

mkdir -p "$OLDPWD/tars/shards" "$OLDPWD/work"; cd "$OLDPWD/work"
image a.jpg b.jpg ._a.jpg __MACOSX/._b.jpg $'bad\\xff.jpg' d.gif e.cls
ln a.jpg hard.jpg
ln -s a.jpg soft.jpg
mkfifo fifo.jpg
touch empty.jpg
truncate -s 1M holes.jpg
tar -Scf ../tars/shards/0.tar a.jpg ._a.jpg __MACOSX bad* d.gif e.cls hard.jpg soft.jpg fifo.jpg empty.jpg holes.jpg b.jpg
tar -rf ../tars/shards/0.tar b.jpg
tar -cf ../tars/shards/1.tar a.jpg; tar -cf ../2.tar b.jpg; cat ../2.tar >> ../tars/shards/1.tar
head -c 1800 ../tars/shards/0.tar > ../tars/shards/2.tar
tar -czf ../tars/shards/3.tar.gz a.jpg
cp ../2.tar ../tars/shards/4.TAR
cp ../2.tar ../tars/shards/._1.tar
ln -s ../../2.tar ../tars/shards/5.tar
mkdir ../tars/shards/6.tar
`;
