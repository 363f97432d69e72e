import t from 'tap'
import { fanOut } from '../../src/observe/fan-out.ts'
import { request, verdict } from './every-event.ts'

t.test('every reader hears every event, though another one throws', t => {
  const heard: string[] = []
  const warnings: string[] = []
  const listener = (warning: Error) => void warnings.push(warning.message)
  process.on('warning', listener)
  const events = fanOut(
    { emit: event => void heard.push(`first ${event.type}`) },
    {
      emit() {
        throw new Error('broken reader')
      },
    },
    { emit: event => void heard.push(`last ${event.type}`) },
  )
  events.emit(request())
  events.emit(verdict())
  t.strictSame(heard, ['first request', 'last request', 'first verdict', 'last verdict'])
  setImmediate(() => {
    process.off('warning', listener)
    t.strictSame(warnings, ['a reader of events failed: broken reader'], 'told once')
    t.end()
  })
})
