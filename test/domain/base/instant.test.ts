import t from 'tap'
import { parseSha256, sha256Of } from '../../../src/domain/base/digest.ts'
import { formatInstant, instant, parseInstant } from '../../../src/domain/base/instant.ts'

t.test('a time names its offset, and is read to the millisecond', async t => {
  t.equal(parseInstant('1970-01-01T00:00:01Z'), 1_000)
  t.equal(parseInstant('1970-01-01T02:00:00.250+02:00'), 250)
  t.equal(formatInstant(instant(250)), '1970-01-01T00:00:00.250Z')
  for (const text of [
    '',
    '2026-11-24',
    '2026-11-24T12:00:00',
    '2026-11-24 12:00:00Z',
    '2026-13-24T12:00:00Z',
    '2026-11-24T12:00:00z',
    '2026-11-24T12:00Z',
    '2026-11-24T12:00:00Z\n',
  ])
    t.equal(parseInstant(text), undefined, JSON.stringify(text))
})

t.test('a digest is 64 lower-case hex digits, and nothing around them', async t => {
  const digest = sha256Of('')
  t.equal(digest, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  t.equal(parseSha256(digest), digest)
  for (const text of ['', digest.slice(1), `${digest}0`, digest.toUpperCase(), `sha256:${digest}`, `${digest}\n`])
    t.equal(parseSha256(text), undefined, JSON.stringify(text))
})
