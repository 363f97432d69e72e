import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IndexReady, IndexTold } from '../children/index.ts'
import { type Measured, median, ratios } from '../figures.ts'
import { runToEnd, scriptAt, startScript } from '../stage/processes.ts'
import { type Checkout, forEach, type Group, inTurn, type Stage } from '../stage/stage.ts'

/** ms */
const LATENCY = 20
/** requests that may be under way at once */
const AT_ONCE = 16

export const INIT: Group = {
  name: 'init',
  about: 'policy init on a lock of 270 packages and 4,000 files',
  needs: ['time'],
  run: benchInit,
}

async function benchInit(stage: Stage): Promise<readonly Measured[]> {
  const { checkouts, folder, rounds, scope, quick } = stage
  const packages = quick ? 60 : 270
  const words = [folder, String(packages), String(LATENCY), 'lock']
  const index = await startScript<IndexReady>('index.ts', words, 'client')
  scope.teardown(() => index.stop())
  const { origin, locked, attested } = index.ready
  // of each package its page, and of each attested file its document
  const answers = packages + attested
  const [seconds, cpu, memory] = [forEach<number>(checkouts), forEach<number>(checkouts), forEach<number>(checkouts)]
  const [most, floor] = [forEach<number>(checkouts), [] as number[]]
  const bare = { seconds: [] as number[], cpu: [] as number[] }
  let asked = 0
  const measure = async ({ launcher }: Checkout, place: number): Promise<void> => {
    const home = join(folder, `home-${place}`)
    mkdirSync(home)
    const data = join(home, 'data')
    const trust = { root: join(folder, 'trusted_root.json') }
    const configuration = { data, upstream: { index: origin, files: [origin] }, trust }
    writeFileSync(join(home, 'portcullis.yaml'), JSON.stringify(configuration))
    const command = ['policy', 'init', join(folder, 'requirements.txt'), '--out', 'acme.yaml', '--expires', nextYear()]
    const took = await runToEnd(launcher, command, home)
    const told = (await (await fetch(`${origin}/told`)).json()) as IndexTold
    if (place === 0) {
      asked = told.requests
      floor.push((answers / AT_ONCE) * (LATENCY / 1000))
    }
    seconds[place]?.push(took.seconds)
    cpu[place]?.push(took.cpu)
    memory[place]?.push(took.memory / 1e6)
    most[place]?.push(told.most)
    rmSync(home, { recursive: true })
  }
  await inTurn(stage, Math.min(rounds, 3), measure, async () => {
    const words = [origin, join(folder, 'trusted_root.json'), join(folder, 'requirements.txt')]
    const took = await runToEnd(process.execPath, [scriptAt('init-floor.ts'), ...words], folder)
    bare.seconds.push(took.seconds)
    bare.cpu.push(took.cpu)
    await fetch(`${origin}/told`) // what follows is counted alone
  })
  const what = `policy init, lock of ${packages} packages and ${locked} files, cold`
  return [
    {
      scenario: what,
      unit: 's',
      gates: seconds,
      peer: { name: `${answers} answers of the index, ${AT_ONCE} at once`, values: floor },
      better: 'less',
      goal: { atMost: 2 },
      cpu: { per: 'in all', gates: cpu },
      note: `${asked} requests`,
    },
    {
      scenario: `${what}: CPU in all`,
      unit: 'ms',
      gates: cpu,
      peer: { name: 'a bare script that fetches the same answers and proves them', values: bare.cpu },
      better: 'less',
      note: `the bare script takes ${median(ratios(bare.seconds, floor)).toFixed(1)} of the index’s answers`,
    },
    { scenario: `${what}: memory at most`, unit: 'MB', gates: memory, better: 'less', goal: { atMost: 250 } },
    { scenario: `${what}: requests at once`, unit: '', gates: most, better: 'less', goal: { atMost: AT_ONCE } },
  ]
}

/** An exemption may end within a year, and a run of this bench at any time. */
function nextYear(): string {
  return new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10)
}
