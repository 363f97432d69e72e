// guards: src/gate/records/brought-policy.ts
import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { learn, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { whatIf } from '../../../src/gate/records/what-if.ts'
import type { JournalRow } from '../../../src/ports/records.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { listed, NOW } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'

const FILE = listed('pkg-1.0.tar.gz')
const load = (text: string) => loadPolicy([{ path: 'policy.yaml', text }], NOW, noRoots)
const OPEN = load('version: 1\nprojects: [{ match: pkg, attestation: optional }]')
const SHUT = load('version: 1\nprojects: [{ match: pkg, deny: no more }]')

/** So many requests for one unattested file, a second apart. */
function records(rows: number) {
  const read = { rows: 0 }
  async function* journal(): AsyncGenerator<JournalRow> {
    for (let at = 0; at < rows; at += 1) {
      read.rows += 1
      yield {
        at: instant(NOW - (rows - at) * 1000),
        filename: FILE.filename.text,
        project: FILE.project,
        sha256: FILE.sha256,
        outcome: 'admitted',
        code: 'optional',
        rule: undefined,
        identity: undefined,
        policyDigest: '',
        trustDigest: undefined,
        client: `192.0.2.${at % 3}`,
        count: 1,
      }
    }
  }
  return {
    read,
    journal,
    projects: async () => [FILE.project],
    project: async () => learn(ProjectMemory.of(FILE.project), {}).memory,
    finding: async () => undefined,
    belonging: () => undefined,
  }
}

t.test('who would be stopped is told, with what the two policies say', async t => {
  const found = await whatIf(records(30), { before: OPEN, after: SHUT, now: NOW })
  t.match(found, {
    changes: [{ effect: 'stricter', about: 'pkg' }],
    replay: { requests: 30, changed: [{ requests: 30, clients: 3, to: { outcome: 'refused', code: 'rule-denies' } }] },
    brokeOff: undefined,
  })
})

t.test('a policy that does not load is said to, and no row is read for it', async t => {
  const own = records(3)
  const found = await whatIf(own, {
    before: OPEN,
    after: load('version: 1\nprojects: [{ match: pkg, denies: no }]'),
    now: NOW,
  })
  t.match(found, { diagnostics: [{ line: 2 }] })
  t.equal(own.read.rows, 0)
})

t.test('it breaks off where there are more rows than are looked at, or it takes too long, and says where', async t => {
  const own = records(50)
  t.match(await whatIf(own, { before: OPEN, after: SHUT, now: NOW }, { rows: 10, lasts: 60_000 }), {
    replay: { requests: 10 },
    brokeOff: instant(NOW - 40_000),
  })
  t.equal(own.read.rows, 11)
  t.match(await whatIf(records(50), { before: OPEN, after: SHUT, now: NOW }, { rows: 50, lasts: 0 }), {
    replay: { requests: 0 },
    brokeOff: instant(NOW - 50_000),
  })
})

t.test('others have their turns while it goes on', async t => {
  let turns = 0
  let isOver = false
  function count(): void {
    turns += 1
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  await whatIf(records(40_000), { before: OPEN, after: SHUT, now: NOW })
  isOver = true
  t.ok(turns > 2, `${turns} turns`)
})
