// guards: src/protocol/policy/cross-checks.ts
import t from 'tap'
import { assertRefusedAtPlace, type WrongPolicy } from '../good-policy.ts'

const WRONG: readonly WrongPolicy[] = [
  [
    'an unknown publisher',
    10,
    '  - { match: pkg, publishers: [acne, lab] }',
    '10:32',
    'no publisher is named "acne" (did you mean "acme"?)',
  ],
  ['a rule without match', 10, '  - { publishers: [acme, lab] }', '10:5', '"match" is missing'],
  [
    'a match that is no name',
    10,
    '  - { match: "a b", publishers: [acme, lab] }',
    '10:14',
    'must be a project name or a glob',
  ],
  [
    'a match that is a number',
    10,
    '  - { match: 1.0, publishers: [acme, lab] }',
    '10:14',
    'must be text, found 1; write it in quotes: "1.0"',
  ],
  ['a glob with a question mark', 10, '  - { match: "a?*", publishers: [acme, lab] }', '10:14', 'a glob has letters'],
  ['a glob with two stars', 10, '  - { match: "a**", publishers: [acme, lab] }', '10:14', 'write one "*"'],
  [
    'a glob that matches no name',
    10,
    '  - { match: "-a*", publishers: [acme, lab] }',
    '10:14',
    'no project name begins or ends with',
  ],
  [
    'two rules for one name',
    10,
    '  - { match: Six, publishers: [acme, lab] }',
    '12:12',
    'p.yaml:10 matches the same: "six"',
  ],
  [
    'two globs that tie',
    10,
    '  - { match: "acme-*-x", publishers: [acme, lab] }',
    '11:14',
    'ties with "acme-*-x" of p.yaml:10',
  ],
  [
    'required without anybody',
    11,
    '  - { match: "acme-*" }',
    '11:5',
    'the rule needs publishers, identity: first-seen, deny, or an exemption',
  ],
]

t.test('a rule that names nothing, or what another names, is refused at its place', async t => {
  assertRefusedAtPlace(t, WRONG)
})
