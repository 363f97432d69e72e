import { join } from 'node:path'
import t from 'tap'
import { vsaContradictions, vsaSection } from '../../../src/config/sections/vsa.ts'
import { load, wrong } from '../loaded-config.ts'

t.test('nobody signs summaries unless a key and a name are given', t => {
  t.strictSame(vsaSection('/').parse({}), {})
  t.strictSame(vsaContradictions(new Map()), [])
  const { vsa } = load(t, 'vsa: { key: vsa.pem, verifier_id: "https://packages.acme.example/gate" }\n').config
  t.equal(vsa.verifierId, 'https://packages.acme.example/gate')
  t.match(vsa.key, join('/', 'vsa.pem'))
  t.end()
})

t.test('one without the other stops the start, and so does a name that is no https: URL', t => {
  const cases: readonly (readonly [text: string, said: RegExp])[] = [
    ['{ key: vsa.pem }', /vsa\.key: needs vsa\.verifier_id/],
    ['{ verifier_id: "https://a.example" }', /vsa\.verifier_id: needs vsa\.key/],
    ['{ key: vsa.pem, verifier_id: "http://a.example" }', /vsa\.verifier_id: must be an https: URL/],
    ['{ key: vsa.pem, verifier_id: "https://u:secret@a.example" }', /must be an https: URL without credentials/],
    ['{ key: vsa.pem, verifier_id: "https://a.example/#b" }', /must be an https: URL/],
    ['{ key: vsa.pem, verifier_id: gate }', /must be an https: URL/],
    ['{ key: vsa.pem, verifier_id: "https://a.example", alg: RS256 }', /unknown key/],
  ]
  for (const [text, said] of cases) {
    const lines = wrong(t, `vsa: ${text}\n`).join('\n')
    t.match(lines, said, text)
    t.notMatch(lines, 'secret')
  }
  t.end()
})
