import t from 'tap'
import { parseWebhookSecrets } from '../../../src/protocol/webhooks/webhook-secrets.ts'

const secret = (bytes: number) => `whsec_${Buffer.alloc(bytes, 0xfb).toString('base64')}`

t.test('one secret, or several apart by white space', async t => {
  t.strictSame(parseWebhookSecrets(`${secret(32)}\n`), [secret(32)])
  t.strictSame(parseWebhookSecrets(` ${secret(24)} ${secret(64)}\n`), [secret(24), secret(64)])
  t.strictSame(parseWebhookSecrets(secret(32).replace('=', '')), [secret(32).replace('=', '')], 'without its padding')
})

t.test('anything else is told without being repeated', async t => {
  const wrong: readonly (readonly [text: string, said: RegExp])[] = [
    ['', /is empty/],
    ['\n', /is empty/],
    [secret(32).slice(6), /not whsec_ and base64/],
    ['whsec_', /0 bytes/],
    [`${secret(24)}!`, /not whsec_ and base64/],
    [secret(23), /23 bytes/],
    [secret(65), /65 bytes/],
    [`${secret(32)} hunter2`, /secret 2 is not whsec_/],
    [Array.from({ length: 9 }, () => secret(32)).join(' '), /more than 8/],
  ]
  for (const [text, said] of wrong) {
    const parsed = parseWebhookSecrets(text)
    t.match(parsed, { wrong: said })
    for (const word of text.split(/\s+/).filter(part => part.length > 8)) t.notMatch(JSON.stringify(parsed), word)
  }
})
