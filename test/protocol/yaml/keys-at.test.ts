import t from 'tap'
import { configSchema } from '../../../src/config/schema.ts'
import { policySchema } from '../../../src/protocol/clauses/schema.ts'
import { keysAt } from '../../../src/protocol/yaml/keys-at.ts'

t.test('the keys that a mapping may have are those of its schema, wherever it stands', async t => {
  const policy = (...path: readonly (string | number)[]) => keysAt(policySchema, path)
  t.strictSame(
    new Set(['version', 'mode', 'contact', 'publishers', 'defaults', 'projects', 'exemptions']).difference(
      new Set(policy()),
    ),
    new Set(),
  )
  t.strictSame(policy('defaults', 'predicates'), ['require', 'allow'])
  t.strictSame(policy('projects', 3, 'slsa', 'builders', 0), ['workflow', 'ref'])
  t.strictSame(policy('tests', 0, 'expect'), ['refused'], 'of the alternative that is a mapping')
  t.strictSame(policy('tests', 0, 'given', 'built_by'), ['workflow', 'ref'])
  t.strictSame(policy('publishers', 'any-name', 'signer'), ['workflow', 'ref'])
  const publisher = policy('publishers', 'any-name')
  for (const key of ['repository', 'project', 'email', 'pipeline_definition_id', 'trusted_root'])
    t.equal(publisher.filter(other => other === key).length, 1, `${key}, whatever kind it is of`)
  t.strictSame(policy('projects', 0, 'publishers', 1), publisher)
  t.strictSame(policy('tests', 0, 'given', 'first_signed_by'), publisher)
  t.strictSame(policy('projects', 0, 'match'), [], 'a text has none')
  t.strictSame(policy('nowhere', 'at', 'all'), [])
})

t.test('a default hides no key', async t => {
  t.strictSame(keysAt(configSchema('/'), ['journal']), ['keep', 'max_size'])
})
