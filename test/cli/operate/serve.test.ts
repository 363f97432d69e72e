import { Command } from 'commander'
import t, { type Test } from 'tap'
import { addServeCommand, endOnSignal, type ServeServices } from '../../../src/cli/operate/serve.ts'
import type { LoadedConfig } from '../../../src/config/load.ts'
import { GateError } from '../../../src/domain/base/errors.ts'

const ENDING = ['SIGINT', 'SIGTERM'] as const
const SIGNALS = ['SIGHUP', 'SIGTERM', 'SIGINT'] as const

/** Runs `serve` with a gate of the test; the handlers of signals that it leaves end with the test. */
async function serve(t: Test, argv: readonly string[], startGate: ServeServices['startGate']) {
  const listeners = () => SIGNALS.flatMap(signal => process.listeners(signal).map(listener => ({ signal, listener })))
  const before = new Set(listeners().map(({ listener }) => listener))
  const added = () => listeners().filter(({ listener }) => !before.has(listener))
  t.teardown(() => {
    for (const { signal, listener } of added()) process.removeListener(signal, listener)
  })
  const flags: Readonly<Record<string, unknown>>[] = []
  const concluded: number[] = []
  const program = new Command().option('--config <file>')
  addServeCommand(
    program,
    {
      startGate,
      async loadConfig(given) {
        flags.push(given)
        return { config: { data: 'loaded' } } as unknown as LoadedConfig
      },
    },
    exit => void concluded.push(exit),
  )
  await program.parseAsync(['serve', ...argv], { from: 'user' })
  const hangUp = added().find(({ signal }) => signal === 'SIGHUP')
  return { flags, concluded, hangUp: () => hangUp?.listener('SIGHUP') }
}

t.test('a gate is started with what the command line says, and SIGHUP reads its policy again', async t => {
  const done: string[] = []
  const { flags, concluded, hangUp } = await serve(
    t,
    ['--listen', '127.0.0.1:0', '--policy', 'a', '--policy', 'b'],
    async config => {
      done.push(`started with ${config.data}`)
      return { reload: () => done.push('reloaded'), close: async () => {} }
    },
  )
  t.match(flags, [{ listen: '127.0.0.1:0', policy: ['a', 'b'] }])
  t.strictSame(concluded, [0])
  hangUp()
  t.strictSame(done, ['started with loaded', 'reloaded'])
})

t.test('what cannot start is told, and no signal is waited for', async t => {
  const wrong = new GateError('policy-invalid', 'p.yaml:1:1 it is none')
  const before = process.listenerCount('SIGHUP')
  await t.rejects(
    serve(t, [], () => Promise.reject(wrong)),
    wrong,
  )
  t.equal(process.listenerCount('SIGHUP'), before)
})

t.test('one press of a key that comes twice is one; a later one ends at once', async t => {
  const before = new Set(ENDING.flatMap(signal => process.listeners(signal)))
  let closed = 0
  endOnSignal(() => {
    closed += 1
  })
  const heard = ENDING.map(signal => process.listeners(signal).find(listener => !before.has(listener)))
  for (const listener of [...heard, ...heard]) listener?.('SIGINT')
  t.equal(closed, 1)
  const listening = () =>
    ENDING.some((signal, index) => process.listeners(signal).some(listener => listener === heard[index]))
  t.ok(listening())
  while (listening()) await new Promise(resolve => setTimeout(resolve, 50))
  t.pass('nobody listens any more: the next signal does what it does by itself')
})
