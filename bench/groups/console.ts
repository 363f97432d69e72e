import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createWorld } from '../../test/world/world.ts'
import { type Measured, median } from '../figures.ts'
import { freePort, runScript, startScript } from '../stage/processes.ts'
import { ACME, type Group, POLICY, type Stage } from '../stage/stage.ts'

const PEOPLE = 200
const CLIENTS = 8

export const CONSOLE: Group = {
  name: 'console',
  about: 'lists of a long journal, and a hot file while 200 people click',
  run: benchConsole,
}

/** What `children/ledger.ts` prints. */
interface Told {
  readonly questions: Readonly<Record<string, readonly (readonly [clock: number, cpu: number])[]>>
}

async function benchConsole(stage: Stage): Promise<readonly Measured[]> {
  const { folder, quick, seconds, scope, rounds } = stage
  const rows = quick ? 300_000 : 10_000_000
  const data = join(folder, 'data')
  const told = (await runScript('ledger.ts', [data, String(rows), '20'])) as unknown as Told
  const lists = Object.entries(told.questions).map(([question, values]): Measured => {
    const cpu = values.map(([, its]) => its)
    return {
      scenario: `${question}, ${rows.toLocaleString('en')} rows`,
      unit: 'ms',
      gates: [values.map(([clock]) => clock)],
      better: 'less',
      goal: { atMost: 200 },
      note: `processor ${median(cpu).toFixed(0)} ms, at most ${Math.max(...cpu).toFixed(0)}`,
    }
  })
  const world = await createWorld(scope)
  world.writePolicy(POLICY)
  const { wheel } = await world.release('hot', '1.0', { kinds: ['wheel'], padTo: 100_000, identity: ACME })
  const config = join(folder, 'portcullis.yaml')
  mkdirSync(folder, { recursive: true })
  writeFileSync(config, JSON.stringify({ ...world.configuration(), listen: `127.0.0.1:${await freePort()}`, data }))
  const gate = await startScript<{ readonly url: string }>('console-gate.ts', [config, String(PEOPLE)], 'server')
  scope.teardown(() => gate.stop())
  const file = `${gate.ready.url}${wheel.path}`
  await slowest(file, 1)
  const [alone, clicked]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round += 1) {
    alone.push(await slowest(file, seconds * 2))
    process.kill(gate.pid, 'SIGUSR2')
    await sleep(1_500)
    clicked.push(await slowest(file, seconds * 2))
    process.kill(gate.pid, 'SIGUSR2')
    await sleep(2_000)
  }
  return [
    ...lists,
    {
      scenario: `hot 100 KB file, 99 of 100 within, while ${PEOPLE} people click`,
      unit: 'ms',
      gates: [clicked],
      peer: { name: 'nobody clicks', values: alone },
      better: 'less',
      goal: { atMost: 1.2 },
    },
  ]
}

/** What 99 of 100 downloads take at most, ms. */
async function slowest(url: string, seconds: number): Promise<number> {
  const took: number[] = []
  const end = performance.now() + seconds * 1_000
  const download = async (): Promise<void> => {
    while (performance.now() < end) {
      const began = performance.now()
      await (await fetch(url)).arrayBuffer()
      took.push(performance.now() - began)
      // below what the gate can do: what is measured is not its line
      await sleep(5)
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, download))
  return took.sort((one, other) => one - other)[Math.floor(took.length * 0.99)] ?? Number.NaN
}
