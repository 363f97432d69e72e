import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { learn, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { parseProjectName } from '../../../src/domain/packaging/name.ts'
import { findRevoked } from '../../../src/gate/revoked/revoked-downloads.ts'
import type { JournalRow, Records } from '../../../src/ports/records.ts'
import { attested, listed, NOW, policyOf } from '../../world/judging/judging.ts'

const [ONE, TWO] = [listed('pkg-1.0.tar.gz'), listed('pkg-2.0.tar.gz')]

function row({ filename, sha256, project }: typeof ONE, changes: Partial<JournalRow> = {}): JournalRow {
  return {
    at: NOW,
    filename: filename.text,
    project,
    sha256,
    outcome: 'admitted',
    code: 'attestation',
    rule: undefined,
    identity: undefined,
    policyDigest: '',
    trustDigest: undefined,
    client: '192.0.2.1',
    count: 1,
    ...changes,
  }
}

/** A gate that verified the first file, and gave it out as the journal says. */
function records(...rows: readonly JournalRow[]): Parameters<typeof findRevoked>[0] {
  const parts: Pick<Records, 'journal' | 'attested' | 'projects' | 'project' | 'holds'> = {
    async *journal() {
      yield* rows
    },
    async *attested() {
      yield { sha256: ONE.sha256, filename: ONE.filename.text, finding: attested() }
    },
    projects: async () => [ONE.project],
    project: async name => learn(ProjectMemory.of(name), {}).memory,
    holds: async sha256 => sha256 === ONE.sha256,
  }
  return parts
}

const revocations = (text: string) =>
  policyOf(`version: 1\nprojects: [{ match: pkg, deny: no }]\nrevocations: [${text}]`).revocations

t.test('who got what is revoked by its digest is told, however often, and from when to when', async t => {
  const later = instant(NOW + 5)
  const [found] = await findRevoked(
    records(
      row(ONE),
      row(ONE, { at: later, count: 2 }),
      row(TWO),
      row(ONE, { client: '192.0.2.2', outcome: 'refused' }),
    ),
    revocations(`{ sha256: "${ONE.sha256}", reason: malware }`),
  )
  t.match(found, {
    files: [{ filename: 'pkg-1.0.tar.gz', held: true }],
    downloads: [{ client: '192.0.2.1', requests: 3, first: NOW, last: later }],
  })
  t.strictSame([found?.files.length, found?.downloads.length], [1, 1], 'a refusal is no download')
})

t.test('so is who got what is revoked by version, or by what an attestation proves', async t => {
  const [byVersion, byProof] = await findRevoked(
    records(row(ONE), row(TWO)),
    revocations(
      `{ project: pkg, versions: ">=2", reason: bad }, { repository: acme/pkg, signed_after: "2020-01-01T00:00:00Z", reason: incident }`,
    ),
  )
  t.match(
    [byVersion?.downloads, byProof?.downloads],
    [[{ filename: 'pkg-2.0.tar.gz' }], [{ filename: 'pkg-1.0.tar.gz' }]],
  )
  t.match(byVersion?.files, [{ held: false }], 'its bytes are not here')
})

t.test('whoever looks through every project lets others have their turn meanwhile', async t => {
  const count = 40
  let turns = 0
  let isLooking = true
  const others = (): void => {
    turns += 1
    if (isLooking) setImmediate(others)
  }
  const looked: string[] = []
  const looking = findRevoked(
    {
      ...records(),
      projects: async () => Array.from({ length: count }, (_, at) => parseProjectName(`pkg-${at}`)),
      async project(name) {
        looked.push(name)
        return learn(ProjectMemory.of(name), {}).memory
      },
    },
    revocations(`{ sha256: "${'a'.repeat(64)}", reason: malware }`),
  )
  setImmediate(others)
  await looking
  isLooking = false
  t.equal(looked.length, count, 'bytes may be in any of them')
  t.ok(turns >= count - 1, `${turns} turns`)
})

t.test('what nobody took is revoked all the same', async t =>
  t.match(
    await findRevoked(
      records(),
      revocations('{ repository: acme/pkg, signed_after: "2020-01-01T00:00:00Z", reason: r }'),
    ),
    [{ files: [{ filename: 'pkg-1.0.tar.gz' }], downloads: [] }],
  ),
)
