import t from 'tap'
import { mintToken, tokenHash, tokenState } from '../../../src/domain/access/token.ts'
import { sha256Of } from '../../../src/domain/base/digest.ts'
import { instant } from '../../../src/domain/base/instant.ts'

t.test('a token has 53 characters of URLs, and is known by the sha256 of all of them', async t => {
  const token = mintToken()
  t.match(token, /^pcl_[A-Za-z0-9_-]{49}$/)
  t.equal(tokenHash(token), sha256Of(token))
  t.not(mintToken(), token)
})

t.test('whatever one character is typed wrong, it is no token', async t => {
  const token = mintToken()
  for (let at = 0; at < token.length; at += 1) {
    const other = token[at] === 'A' ? 'B' : 'A'
    t.equal(tokenHash(`${token.slice(0, at)}${other}${token.slice(at + 1)}`), undefined, `${at}`)
  }
  for (const text of ['', 'pcl_', token.slice(1), token.slice(0, -1), `${token}A`, ` ${token}`, token.toUpperCase()])
    t.equal(tokenHash(text), undefined, text)
})

t.test('a token is in force until it ends or is revoked', async t => {
  const now = instant(1_000)
  t.equal(tokenState({ expires: undefined, revoked: undefined }, now), 'in force')
  t.equal(tokenState({ expires: instant(1_001), revoked: undefined }, now), 'in force')
  t.equal(tokenState({ expires: now, revoked: undefined }, now), 'expired')
  t.equal(tokenState({ expires: instant(1), revoked: instant(2) }, now), 'revoked')
})
