import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behaviour } from '../../src/client/behaviour.js';
import { checkMessage, messageLimit, textBytes } from '../../src/contract/message-limit.js';
import { TributaryError } from '../../src/errors.js';

test('a message is as long as clients take one', () => {
  assert.equal(messageLimit, behaviour.channel['grpc.max_receive_message_length']!.value);
});

test('what is longer is refused by name, with its size', () => {
  checkMessage(messageLimit, 'class names', 'Shorten them');
  assert.throws(
    () => checkMessage(messageLimit + 1, 'class names', 'Shorten them'),
    (error: unknown) => {
      assert.ok(error instanceof TributaryError);
      assert.deepEqual([error.reason, error.metadata.bytes], ['TOO_MUCH_ASKED', String(messageLimit + 1)]);
      return error.message.startsWith('expected class names of 8388608 bytes at most');
    },
  );
});

test('strings count as UTF-8', () => {
  assert.equal(textBytes(['ä', '', null, undefined, 'ab']), 2 + 6 + 2 + 6);
});
