import t from 'tap'
import type { ProvenanceFinding } from '../../../src/verify/evidence/document.ts'
import { attest, judge, statementWith } from './signed-attestations.ts'

function contradictionOf(finding: ProvenanceFinding): string | undefined {
  if (finding.kind !== 'attested') throw new Error(finding.detail)
  return finding.bundles[0].attestations[0].facts.contradiction
}

t.test('a publish predicate is empty', async t => {
  const judged = async (predicate: unknown) =>
    contradictionOf(await statementWith(statement => ({ ...statement, predicate }))())
  for (const predicate of [null, {}, undefined]) t.equal(await judged(predicate), undefined)
  for (const predicate of [{ builder: 'x' }, [], '', 0, false])
    t.match(await judged(predicate), /expected null or \{\}/)
})

t.test('an unknown predicate type proves who signed and nothing else', async t => {
  const finding = await statementWith(statement => ({ ...statement, predicateType: 'https://example.com/v1' }))()
  const predicateType = { unknown: 'https://example.com/v1' }
  t.match(finding, { kind: 'attested', bundles: [{ attestations: [{ facts: { predicateType } }] }] })
  for (const name of ['constructor', '__proto__', 'toString'])
    t.match(await statementWith(statement => ({ ...statement, predicateType: name }))(), {
      bundles: [{ attestations: [{ facts: { predicateType: { unknown: name } } }] }],
    })
})

t.test('a SLSA predicate that says one thing otherwise than the certificate contradicts it', async t => {
  const judged = async (path: readonly (string | number)[], value: unknown): Promise<string | undefined> => {
    const attestation = await attest({
      predicate: 'slsa',
      alter: {
        statement: statement => {
          const copy = structuredClone(statement)
          const parent = path
            .slice(0, -1)
            .reduce<unknown>((inner, key) => Reflect.get(Object(inner), key), copy.predicate)
          if (path.length > 0) Reflect.set(Object(parent), path.at(-1) ?? '', value)
          return copy
        },
      },
    })
    return contradictionOf(judge(attestation))
  }
  t.equal(await judged([], undefined), undefined, 'the predicate that GitHub’s action writes')
  const github = ['buildDefinition', 'internalParameters', 'github'] as const
  const workflow = ['buildDefinition', 'externalParameters', 'workflow'] as const
  const fields: readonly (readonly [path: readonly (string | number)[], other: unknown, optional?: 'optional'])[] = [
    [['buildDefinition', 'buildType'], 'https://slsa.dev/container-based-build/v0.1'],
    [[...workflow, 'repository'], 'https://github.com/acme/other'],
    [[...workflow, 'ref'], 'refs/tags/v2.0.0'],
    [[...workflow, 'path'], '.github/workflows/other.yml'],
    [[...workflow, 'path'], ['.github/workflows/release.yml']],
    [[...github, 'repository_id'], '999'],
    [[...github, 'repository_id'], 111],
    [[...github, 'repository_owner_id'], '999'],
    [[...github, 'event_name'], 'pull_request'],
    [[...github, 'runner_environment'], 'self-hosted', 'optional'],
    [['buildDefinition', 'resolvedDependencies', 0, 'digest', 'gitCommit'], 'b'.repeat(40)],
    [['runDetails', 'builder', 'id'], 'https://github.com/slsa-framework/slsa-github-generator/x@refs/tags/v2'],
    [['runDetails', 'metadata', 'invocationId'], 'https://github.com/acme/demo/actions/runs/2', 'optional'],
  ]
  for (const [path, other, optional] of fields) {
    t.type(await judged(path, other), 'string', `${path.join('.')} = ${JSON.stringify(other)}`)
    t.type(
      await judged(path, undefined),
      optional === undefined ? 'string' : 'undefined',
      `${path.join('.')} is absent`,
    )
  }
  t.type(await judged(['buildDefinition'], null), 'string')
  t.type(await judged(['buildDefinition', 'resolvedDependencies'], {}), 'string')
})
