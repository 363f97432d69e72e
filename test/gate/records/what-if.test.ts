// guards: src/gate/records/brought-policy.ts src/gate/records/one-look.ts
import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { learn, ProjectMemory } from '../../../src/domain/memory/project-memory.ts'
import { whatIf } from '../../../src/gate/records/what-if.ts'
import type { JournalRow } from '../../../src/ports/records.ts'
import { type ApprovalDocument, loadLaid } from '../../../src/protocol/policy/approval-layer.ts'
import { loadPolicy } from '../../../src/protocol/policy/policy-yaml.ts'
import { listed, NOW } from '../../world/judging/judging.ts'
import { noRoots } from '../../world/judging/roots.ts'

const FILE = listed('pkg-1.0.tar.gz')
const load = (text: string, approved: readonly ApprovalDocument[] = []) =>
  loadLaid(approved, beside => loadPolicy([{ path: 'policy.yaml', text }, ...beside], NOW, noRoots))
const OPEN = load('version: 1\nprojects: [{ match: pkg, attestation: optional }]')
const SHUT = load('version: 1\nprojects: [{ match: pkg, deny: no more }]')

const STRICT = 'version: 1\nprojects: [{ match: pkg, identity: first-seen }]'

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
  const found = await whatIf(records(30), { before: OPEN, after: SHUT, index: undefined, now: NOW })
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
    index: undefined,
    now: NOW,
  })
  t.match(found, { diagnostics: [{ line: 2 }] })
  t.equal(own.read.rows, 0)
})

t.test('it breaks off where there are more rows than are looked at, or it takes too long, and says where', async t => {
  const own = records(50)
  t.match(await whatIf(own, { before: OPEN, after: SHUT, index: undefined, now: NOW }, { rows: 10, lasts: 60_000 }), {
    replay: { requests: 10 },
    brokeOff: instant(NOW - 40_000),
  })
  t.equal(own.read.rows, 11)
  t.match(
    await whatIf(records(50), { before: OPEN, after: SHUT, index: undefined, now: NOW }, { rows: 50, lasts: 0 }),
    {
      replay: { requests: 0 },
      brokeOff: instant(NOW - 50_000),
    },
  )
})

t.test('what was approved lies over both, and what does not load beside the other one is told', async t => {
  const ends = new Date(NOW + 86_400_000).toISOString().slice(0, 10)
  const pin = `{ "${FILE.filename.text}": "sha256:${FILE.sha256}" }`
  const approved = [
    {
      id: 'aaaaaaaaaaaa',
      project: FILE.project,
      yaml: `version: 1\nexemptions: [{ id: a, project: pkg, versions: "==1.0", waive: [attestation], files: ${pin}, reason: r, owner: o, expires: ${ends} }]`,
    },
    { id: 'bbbbbbbbbbbb', project: FILE.project, yaml: 'version: 1\nprojects: []' },
  ]
  const before = load('version: 1\nprojects: [{ match: pkg, attestation: optional }]', approved)
  const after = load(STRICT, approved)
  t.match(await whatIf(records(3), { before, after, index: undefined, now: NOW }), {
    approvals: { taken: 1, leftOut: new Map([['bbbbbbbbbbbb', /no rule/]]) },
    replay: { requests: 3, changed: [] },
  })
  const bare = await whatIf(records(3), { before, after: load(STRICT), index: undefined, now: NOW })
  t.match(bare, { replay: { changed: [{ to: { outcome: 'refused' } }] } }, 'without it they would be stopped')
})

t.test('rows of another index are not decided again', async t => {
  const own = records(3)
  async function* journal(): AsyncGenerator<JournalRow> {
    for await (const row of own.journal()) yield { ...row, index: row.client === '192.0.2.0' ? 'ml' : 'main' }
  }
  const several = { ...own, journal }
  t.match(await whatIf(several, { before: OPEN, after: SHUT, index: 'main', now: NOW }), { replay: { requests: 2 } })
  t.match(await whatIf(own, { before: OPEN, after: SHUT, index: 'main', now: NOW }), { replay: { requests: 3 } })
})
