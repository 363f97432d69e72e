import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { createTidy } from '../../src/observe/tidy.ts'
import { request } from './every-event.ts'

const QUIET = 40

t.test('what a start leaves behind is given back once, when nobody asks for anything', async t => {
  const given: string[] = []
  const tidy = createTidy({ giveBack: () => void given.push('memory'), quietMs: QUIET })
  await sleep(2 * QUIET)
  t.equal(given.length, 0, 'not before the gate listens')
  tidy.begin()
  tidy.emit(request())
  await sleep(1.2 * QUIET)
  t.equal(given.length, 0, 'somebody asked')
  await sleep(10 * QUIET)
  t.equal(given.length, 1)
})

t.test('a gate that closes gives nothing back', async t => {
  const given: string[] = []
  const tidy = createTidy({ giveBack: () => void given.push('memory'), quietMs: QUIET })
  tidy.begin()
  tidy.close()
  await sleep(3 * QUIET)
  t.equal(given.length, 0)
})
