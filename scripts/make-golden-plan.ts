// Rewrites test/plan/golden.json: `npx tsc && node dist/scripts/make-golden-plan.js`. It changes only where orders or seeds
// change, and then every run that is under way changes with it: raise streamVersion in src/run/fingerprint.ts in the same commit.
import { writeFileSync } from 'node:fs';
import { goldenText, makeGolden } from '../test/plan/golden.js';

writeFileSync('test/plan/golden.json', goldenText(makeGolden()));
