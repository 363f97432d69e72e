import t from 'tap'
import { trySourceName } from '../../../src/domain/base/source-name.ts'
import { decide } from '../../../src/domain/decide/decide.ts'
import type { Verdict } from '../../../src/domain/decide/verdict.ts'
import type { Finding } from '../../../src/domain/identity/attestation.ts'
import { NO_HISTORY } from '../../../src/domain/memory/history.ts'
import { createWriteJournal } from '../../../src/gate/records/write-journal.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { JournalEntry } from '../../../src/ports/store.ts'
import { attested, listed, NOW, policyOf, UNATTESTED } from '../../world/judging/judging.ts'

const RULE = 'projects: [{ match: pkg, publishers: [{ kind: github, repository: acme/pkg, workflow: release.yml }] }]'
const decided = (finding: Finding, mode = 'enforce'): Verdict =>
  decide(listed(), finding, policyOf(`version: 1\nmode: ${mode}\n${RULE}`), NO_HISTORY, NOW)

function written(verdict: Verdict, isSourced = false) {
  const entries: JournalEntry[] = []
  const events: GateEvent[] = []
  const { journal: write } = createWriteJournal({
    journal: { record: (entry: JournalEntry) => void entries.push(entry), flush: async () => {} },
    events: { emit: event => void events.push(event) },
    explained: { keep: ({ code }) => `id-of-${code}` },
    clock: () => NOW,
    trustDigest: () => 'root',
    index: 'main',
    isSourced,
    clean: text => text,
  })
  write(verdict, { address: '192.0.2.1', subject: 'token:ci' }, performance.now())
  return { entries, events }
}

t.test('a verdict is one line and one event, with who asked and what it rests on', async t => {
  const { entries, events } = written(decided(attested()))
  t.match(entries, [
    {
      at: NOW,
      filename: 'pkg-1.0.0.tar.gz',
      outcome: 'admitted',
      code: 'attestation',
      rule: 'projects[0] pkg',
      identity: { repository: 'acme/pkg' },
      trustDigest: 'root',
      client: '192.0.2.1',
      subject: 'token:ci',
      index: 'main',
    },
  ])
  t.match(events, [{ type: 'verdict', outcome: 'admitted', code: 'attestation', explain: undefined }])
  t.strictSame([entries.length, events.length], [1, 1])
})

t.test('the source that the project is of is written down where there are several', async t => {
  const policy = policyOf(`version: 1\n${RULE}`)
  const source = trySourceName('acme')
  if (source === undefined) throw new TypeError('it is a name')
  for (const finding of [attested(), UNATTESTED]) {
    const verdict = decide({ ...listed(), source }, finding, policy, NO_HISTORY, NOW)
    t.match(written(verdict, true).entries, [{ source: 'acme' }])
    t.notOk('source' in (written(verdict).entries[0] ?? {}), 'one alone is no news')
  }
})

t.test('a refusal is kept under an id that the event names', async t => {
  const { entries, events } = written(decided(UNATTESTED))
  t.match(entries, [{ outcome: 'refused', code: 'unattested', identity: undefined }])
  t.match(events, [{ outcome: 'refused', code: 'unattested', explain: 'id-of-unattested' }])
})

t.test('what is only watched says for what it would be refused', async t => {
  const { entries, events } = written(decided(UNATTESTED, 'audit'))
  t.match(entries, [{ outcome: 'admitted', code: 'audit:unattested' }])
  t.match(events, [{ outcome: 'admitted', code: 'audit', wouldRefuse: 'unattested', explain: 'id-of-unattested' }])
})
