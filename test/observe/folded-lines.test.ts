import t from 'tap'
import type { GateEvent } from '../../src/observe/events.ts'
import { FoldedLines } from '../../src/observe/folded-lines.ts'
import { lines } from './every-event.ts'

type Limited = Extract<GateEvent, { type: 'limited' }>

function limited(address: string | undefined, limit: Limited['limit'] = 'reader-rate'): Limited {
  return { type: 'limited', limit, subject: 'anonymous', address }
}

t.test('a limit is told at once, with whom it met and what it did', async t => {
  t.match(lines([limited('192.0.2.1')]), [
    {
      level: 'warn',
      msg: 'a limit was reached',
      limit: 'reader-rate',
      subject: 'anonymous',
      address: '192.0.2.1',
      detail: /reset/,
    },
  ])
})

t.test('who runs into it a thousand times makes two lines: the first, and how many came after it', async t => {
  const told = lines([...Array.from({ length: 1_000 }, () => limited('192.0.2.1')), limited('192.0.2.2')])
  t.match(told, [{ address: '192.0.2.1' }, { address: '192.0.2.2' }, { address: '192.0.2.1', times: 999 }])
  t.equal(told.length, 3)
})

t.test('a thousand addresses are told apart, all further ones together', async t => {
  const told: (readonly [string | undefined, number])[] = []
  const folded = new FoldedLines(({ address }, times) => void told.push([address, times]))
  for (let number = 0; number < 3_000; number += 1) folded.take(limited(`client-${number}`))
  t.equal(told.length, 1_001)
  folded.flush()
  t.strictSame(told.at(-1), [undefined, 1_999])
})
