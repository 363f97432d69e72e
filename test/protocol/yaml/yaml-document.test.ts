import t from 'tap'
import { assertRefusedAtPlace, type WrongPolicy } from '../good-policy.ts'

const WRONG: readonly WrongPolicy[] = [
  ['an anchor', 2, 'mode: &a enforce', '2:10', 'anchors are not allowed'],
  ['an alias', 2, 'mode: *a', '2:7', 'aliases are not allowed'],
  ['a tag', 2, 'mode: !!str enforce', '2:13', 'tags are not allowed'],
  ['a merge key', 10, '  - { <<: {}, match: pkg, publishers: [acme, lab] }', '10:7', 'the key "<<" is not allowed'],
  ['a duplicate key', 2, 'version: 1', '2:1', 'this key stands here twice'],
  ['a key that is a number', 2, '3: enforce', '2:1', 'a key must be text'],
  [
    'a key that reaches prototypes',
    4,
    '  __proto__: { kind: google, email: a@b.c }',
    '4:3',
    'the key "__proto__" is not allowed',
  ],
  ['an unclosed bracket', 10, '  - { match: pkg, publishers: [acme, lab }', '10:42', 'not YAML'],
  ['a second document', 2, '---', '2:1', 'the file must hold one YAML document'],
]

t.test('YAML with more than a policy needs is refused at its place', async t => {
  assertRefusedAtPlace(t, WRONG)
})
