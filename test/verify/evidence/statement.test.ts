import t from 'tap'
import type { ProvenanceFinding } from '../../../src/verify/evidence/document.ts'
import type { StatementJson } from '../../world/signing/signing.ts'
import { judgeAltered, statementWith, WHEEL } from './signed-attestations.ts'

const subjectWith = (...subject: readonly unknown[]) => statementWith(statement => ({ ...statement, subject }))

t.test('a statement that is not about exactly this file is refused', async t => {
  const digest = { sha256: WHEEL.sha256 }
  const named = (name: unknown) => subjectWith({ name, digest })
  const mismatch: Readonly<Record<string, () => Promise<ProvenanceFinding>>> = {
    'no subject': subjectWith(),
    'two subjects': subjectWith({ name: WHEEL.filename, digest }, { name: WHEEL.filename, digest }),
    'a subject of text': subjectWith(WHEEL.filename),
    'a subject that is null': subjectWith(null),
    'no name': subjectWith({ digest }),
    'a name in a list': named([WHEEL.filename]),
    'no distribution': named('demo'),
    'another project': named('demo2-1.0-py3-none-any.whl'),
    'another version': named('demo-1.0.1-py3-none-any.whl'),
    'another build': named('demo-1.0-1-py3-none-any.whl'),
    'other tags': named('demo-1.0-py2-none-any.whl'),
    'more tags': named('demo-1.0-py2.py3-none-any.whl'),
    'the source distribution': named('demo-1.0.tar.gz'),
    'a path': named(`./${WHEEL.filename}`),
    'a space': named(` ${WHEEL.filename}`),
    'something after it': named(`${WHEEL.filename}.sig`),
    'a NUL after it': named(`${WHEEL.filename}\0`),
  }
  for (const [name, judged] of Object.entries(mismatch))
    t.match(await judged(), { kind: 'invalid', why: 'subject-mismatch' }, name)

  const digests: Readonly<Record<string, unknown>> = {
    'another digest': { sha256: 'a'.repeat(64) },
    'in capitals': { sha256: WHEEL.sha256.toUpperCase() },
    'with a prefix': { sha256: `sha256:${WHEEL.sha256}` },
    'in a list': { sha256: [WHEEL.sha256] },
    'of another kind': { sha512: WHEEL.sha256 },
    none: {},
    'no object': WHEEL.sha256,
    absent: undefined,
  }
  for (const [name, value] of Object.entries(digests))
    t.match(
      await subjectWith({ name: WHEEL.filename, digest: value })(),
      { kind: 'invalid', why: 'digest-mismatch' },
      name,
    )

  for (const name of ['demo-1.0.0-py3-none-any.whl', 'Demo-1-py3-none-any.whl'])
    t.match(await named(name)(), { kind: 'attested' }, `${name} is the same file`)
  t.match(await subjectWith({ name: WHEEL.filename, digest: { ...digest, sha512: 'x' } })(), { kind: 'attested' })
})

t.test('a statement of another form is malformed', async t => {
  const cases: Readonly<Record<string, (statement: StatementJson) => unknown>> = {
    'not JSON': () => 'hello',
    'a list': statement => JSON.stringify([statement]),
    null: () => 'null',
    'an older type': statement => ({ ...statement, _type: 'https://in-toto.io/Statement/v0.1' }),
    'no type': statement => ({ ...statement, _type: undefined }),
    'a type in a list': statement => ({ ...statement, _type: [statement._type] }),
    'a subject by name': statement => ({ ...statement, subject: { 0: statement.subject[0] } }),
    'no subjects': statement => ({ ...statement, subject: undefined }),
    'no predicate type': statement => ({ ...statement, predicateType: undefined }),
    'a predicate type in a list': statement => ({ ...statement, predicateType: [statement.predicateType] }),
    'an endless predicate type': statement => ({ ...statement, predicateType: `https://${'x'.repeat(300)}` }),
    'a subject twice': statement => {
      const text = JSON.stringify(statement)
      return `${text.slice(0, -1)},"subject":${JSON.stringify(statement.subject)}}`
    },
    'a byte order mark': statement => `\uFEFF${JSON.stringify(statement)}`,
    'two statements': statement => JSON.stringify(statement) + JSON.stringify(statement),
  }
  for (const [name, change] of Object.entries(cases))
    t.match(await statementWith(change)(), { kind: 'invalid', why: 'provenance-malformed' }, name)
})

t.test('a signature over another payload type is none over the statement', async t => {
  for (const payloadType of ['application/json', 'application/vnd.in-toto+json ', ''])
    t.match(await judgeAltered({ payloadType }), { why: 'signature-invalid', detail: /signature over the statement/ })
})
