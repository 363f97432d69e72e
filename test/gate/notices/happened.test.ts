import t from 'tap'
import { instant } from '../../../src/domain/base/instant.ts'
import { happened } from '../../../src/gate/notices/happened.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import { verdict } from '../../observe/every-event.ts'

const NOW = instant(Date.UTC(2027, 0, 1))
const told = (event: GateEvent) =>
  happened(event, NOW, {
    explainUrl: id => `https://gate.example/x/${id}`,
    inForceOver: digest => (digest === 'over' ? ['cd', 'ef', 'cd'] : []),
  })

t.test('a refusal is a story of its project, its code and its index, whichever file it was', async t => {
  const refused = told(verdict({ explain: 'abc' }))
  t.match(refused, {
    type: 'refused',
    subject: 'demo',
    title: 'demo was refused: no attestation',
    text: /^demo-1\.0-py3-none-any\.whl \(index main\): unattested$/,
    url: 'https://gate.example/x/abc',
    data: { project: 'demo', code: 'unattested', index: 'main', sha256: 'ab' },
  })
  const same = [verdict({ filename: 'demo-2.0.zip', sha256: 'cd', client: '10.0.0.9' })]
  for (const event of same) t.equal(told(event)?.story, refused?.story)
  const others = [verdict({ project: 'other' }), verdict({ code: 'cooldown' }), verdict({ index: 'ml' })]
  for (const event of others) t.not(told(event)?.story, refused?.story)
})

t.test('a name like one that another source owns is told with its refusal, whatever that is for', async t => {
  t.match(told(verdict({ code: 'no-rule', project: 'acmecore', lookalike: 'acme-core' })), {
    title: 'acmecore (could be taken for acme-core) was refused: no rule for this project',
    text: /: no-rule\. The name acmecore could be taken for acme-core, which another source owns\.$/,
    data: { lookalike: 'acme-core' },
  })
})

t.test('a change of publisher or of source is held, and each signer is a story', async t => {
  const held = told(verdict({ code: 'publisher-changed', identity: 'github mallory/demo release.yml' }))
  t.match(held, { type: 'held', title: 'demo is held: signed by somebody new', text: /signed by github mallory/ })
  t.not(told(verdict({ code: 'publisher-changed', identity: 'github eve/demo release.yml' }))?.story, held?.story)
  t.match(told(verdict({ code: 'source-changed' })), { type: 'held' })
})

t.test('an alarm is a story of its kind and of what it is about', async t => {
  const alarm = (alarm: 'digest-changed' | 'gates-apart', detail: string) =>
    told({ type: 'alarm', alarm, detail, untrusted: undefined })
  t.match(alarm('digest-changed', 'demo'), { type: 'alarm', title: 'Alarm: digest-changed', text: 'demo' })
  t.not(alarm('digest-changed', 'demo')?.story, alarm('digest-changed', 'other')?.story)
  t.equal(alarm('gates-apart', 'seen from a')?.story, alarm('gates-apart', 'seen from b')?.story)
})

t.test('a reload that was kept back is a story of what is wrong', async t => {
  const rejected = (line: string): GateEvent => ({
    type: 'policy',
    action: 'rejected',
    digest: 'ab',
    before: 'ab',
    files: ['p.yaml'],
    diagnostics: [line],
  })
  t.match(told(rejected('p.yaml:1:1 no')), { type: 'reload-failed', text: 'p.yaml:1:1 no', subject: 'ab' })
  t.match(told(rejected('a'))?.data, { in_force: 'ab', files: 'ab' })
  t.match(
    told({ ...rejected('a'), digest: 'over' } as GateEvent)?.data,
    { in_force: 'cd ef', files: 'over' },
    'with what was approved, as the audit log has it',
  )
  t.equal(told(rejected('a'))?.story, told(rejected('a'))?.story)
  t.not(told(rejected('a'))?.story, told(rejected('b'))?.story)
})

t.test('a trust root that is unusable is told, and nothing else is', async t => {
  t.match(told({ type: 'trust', action: 'stale', digest: undefined, detail: 'too old' }), { type: 'trust-ageing' })
  const quiet: readonly GateEvent[] = [
    verdict({ outcome: 'admitted', code: 'attestation', wouldRefuse: 'unattested' }),
    { type: 'trust', action: 'failed', digest: undefined, detail: '' },
    { type: 'policy', action: 'reloaded', digest: 'a', before: 'b', files: [], diagnostics: [] },
    { type: 'notice', action: 'dropped', host: 'a', notice: 'refused', detail: '' },
    { type: 'lifecycle', action: 'stopped', detail: '' },
  ]
  for (const event of quiet) t.equal(told(event), undefined, event.type)
})
