import t from 'tap'
import { parseMatch } from '../../../src/protocol/clauses/match.ts'

t.test('a name or a glob is read in the normal form of names', async t => {
  t.equal(parseMatch('Acme.Cloud'), 'acme-cloud')
  t.equal(parseMatch('Acme_Cloud*'), 'acme-cloud*')
  t.equal(parseMatch('*'), '*')
  t.equal(parseMatch('a-*-b'), 'a-*-b')
})

t.test('what can match no name is said to be wrong', async t => {
  for (const text of ['', 'a b', '-a', 'a?*', 'a**', '-a*', '*-', '._*', `${'a'.repeat(255)}*`])
    t.match(parseMatch(text), { wrong: String }, text.slice(0, 20))
})
