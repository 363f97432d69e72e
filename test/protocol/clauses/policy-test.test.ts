import t from 'tap'
import { assertRefusedAtPlace, type WrongPolicy } from '../good-policy.ts'

const WRONG: readonly WrongPolicy[] = [
  ['tests that are no list', 2, 'tests: {}', '2:8', 'must be a list'],
  ['a test without an expectation', 2, 'tests: [{ given: { file: pkg-1.0.tar.gz } }]', '2:9', '"expect" is missing'],
  [
    'a test of no distribution',
    2,
    'tests: [{ given: { file: pkg }, expect: admitted }]',
    '2:26',
    'must be the file name of a wheel or source distribution',
  ],
  [
    'a test that expects an unknown code',
    2,
    'tests: [{ given: { file: pkg-1.0.tar.gz }, expect: { refused: unatested } }]',
    '2:63',
    'no refusal has the code "unatested" (did you mean "unattested"?)',
  ],
  [
    'a test by an unknown publisher',
    2,
    'tests: [{ given: { file: pkg-1.0.tar.gz, attested_by: acne }, expect: admitted }]',
    '2:55',
    'no publisher is named "acne" (did you mean "acme"?)',
  ],
  [
    'a test that expects nonsense',
    2,
    'tests: [{ given: { file: pkg-1.0.tar.gz }, expect: yes }]',
    '2:52',
    'must be admitted or { refused: … }',
  ],
  [
    'a test that fails',
    2,
    'tests: [{ given: { file: pkg-1.0.tar.gz }, expect: admitted }]',
    '2:9',
    'expected admitted, found refused: unattested',
  ],
  [
    'a test that is refused for another reason',
    2,
    'tests: [{ given: { file: pkg-1.0.tar.gz }, expect: { refused: publisher-mismatch } }]',
    '2:9',
    'expected refused: publisher-mismatch, found refused: unattested',
  ],
]

t.test('a test that is malformed, or fails, is refused at its place', async t => {
  assertRefusedAtPlace(t, WRONG)
})
