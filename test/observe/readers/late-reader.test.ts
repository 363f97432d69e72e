import t from 'tap'
import type { GateEvent } from '../../../src/observe/events.ts'
import { createLateReader } from '../../../src/observe/readers/late-reader.ts'

const alarm = (detail: string): GateEvent => ({ type: 'alarm', alarm: 'blob-corrupt', detail, untrusted: undefined })

t.test('a reader that comes late hears what was kept for him, and then everything', async t => {
  const heard: GateEvent[] = []
  const late = createLateReader(({ type }) => type === 'alarm')
  late.emit(alarm('before'))
  late.emit({ type: 'policy-warning', detail: 'nobody keeps it' })
  late.hand({ emit: event => void heard.push(event) })
  late.emit({ type: 'policy-warning', detail: 'now' })
  t.match(heard, [{ detail: 'before' }, { detail: 'now' }])
})

t.test('while nobody comes, no more than a hundred are kept', async t => {
  const heard: GateEvent[] = []
  const late = createLateReader(() => true)
  for (let count = 0; count < 1_000; count += 1) late.emit(alarm(`${count}`))
  late.hand({ emit: event => void heard.push(event) })
  t.equal(heard.length, 100)
})
