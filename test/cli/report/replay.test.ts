import t from 'tap'
import { renderReplay, replayJson } from '../../../src/cli/report/replay.ts'
import { instant } from '../../../src/domain/base/instant.ts'
import type { Replay } from '../../../src/gate/records/replay.ts'
import { drawn } from '../terminal/on-paper.ts'

const AT = instant(Date.parse('2026-11-24T12:00:00Z'))
const asked = { project: 'pkg', sha256: undefined, requests: 3, clients: 2, first: AT, last: AT }
const REPLAY = {
  requests: 9,
  changed: [
    {
      ...asked,
      filename: 'pkg-1.0.tar.gz',
      from: { outcome: 'admitted', code: 'optional' },
      to: { outcome: 'refused', code: 'unattested', detail: 'it has none' },
    },
    {
      ...asked,
      filename: 'pkg-2.0.tar.gz',
      from: { outcome: 'refused', code: 'yanked' },
      to: { outcome: 'admitted', code: 'attestation', detail: '' },
    },
  ],
  watched: [],
  untold: [{ ...asked, filename: 'pkg-3.0.tar.gz', from: { outcome: 'refused', code: 'no-rule' } }],
} as unknown as Replay

t.test('each change is told with both outcomes, and both ways are counted', async t => {
  const text = drawn(screen => renderReplay(screen, REPLAY))
  t.match(text, '✗ pkg-1.0.tar.gz: was admitted (optional), would be refused (unattested)')
  t.match(text, '✓ pkg-2.0.tar.gz: was refused (yanked), would be admitted (attestation)')
  t.match(text, '3 requests by 2 clients, the last on 2026-11-24T12:00Z')
  t.match(text, '? pkg-3.0.tar.gz: was no-rule')
  t.match(
    text,
    /9 requests replayed\n {2}1 file would be refused that passed \(3 requests\)\n {2}1 file would pass that was refused \(3 requests\)\n {2}1 file cannot be determined \(3 requests\)\n$/,
  )
})

t.test('as JSON times are words, and what is absent is null', async t =>
  t.match(replayJson(REPLAY), {
    requests: 9,
    changed: [{ sha256: null, first: '2026-11-24T12:00:00.000Z' }, {}],
    untold: [{ filename: 'pkg-3.0.tar.gz' }],
  }),
)
