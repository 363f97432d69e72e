import t from 'tap'
import { cut } from '../../../src/domain/base/cut.ts'
import { Secrets } from '../../../src/domain/base/secrets.ts'

t.test('a text that is cut says so, and one that is not is itself', async t => {
  t.equal(cut('abcdef', 6), 'abcdef')
  t.equal(cut('abcdefg', 6), 'abcdef…')
  t.equal(cut('', 6), '')
})

t.test('wherever a text with a secret is cut, no more than five characters of it are left', async t => {
  const token = 'supersecrettoken0123456789'
  const { clean } = new Secrets([{ token }])
  for (const text of [`x ${token} y`, JSON.stringify({ name: token }), encodeURIComponent(`"${token}"`)])
    for (let most = 0; most <= text.length; most += 1) {
      const told = clean(JSON.stringify({ untrusted: cut(text, most) }))
      t.notOk(told.includes(token.slice(0, 6)), told)
    }
})
