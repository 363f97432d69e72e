import { rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fill } from '../../fault/small-disk.ts'
import type { Mischief, Stage } from './stage.ts'

/** What befalls the machine: death, a full disk, another policy. One at a time. */

function machine(name: string, run: Mischief['run']): Mischief {
  return { name, side: 'machine', run }
}

const SETTLE_MS = 5_000

async function kill(stage: Stage): Promise<void> {
  await stage.gate.kill()
}

/** Fills the disk; what it returns frees it. */
function fillDisk({ disk, full }: Stage): () => void {
  if (disk === undefined) return () => {}
  full.since = performance.now()
  const ballast = fill(disk.folder)
  return () => {
    rmSync(ballast, { force: true })
    full.until = performance.now()
  }
}

/** Starts it; while the disk is full it may say that it cannot. */
async function startAnyhow(stage: Stage, free: () => void): Promise<void> {
  const started = await stage.gate.start().then(
    () => true,
    () => false,
  )
  free()
  if (!started) await stage.gate.start()
}

export const MACHINE: readonly Mischief[] = [
  machine('kill', async stage => {
    await sleep(stage.dice.between(0, 1_500))
    await kill(stage)
    await stage.gate.start()
  }),
  machine('kill-at-start', async stage => {
    await kill(stage)
    for (let life = 0; life < 3; life += 1) {
      const starting = stage.gate.start().catch(() => {})
      await sleep(stage.dice.between(0, 900))
      await kill(stage)
      await starting
    }
    await stage.gate.start()
  }),
  machine('stop', async stage => {
    await stage.gate.stop()
    await stage.gate.start()
  }),
  machine('pause', async stage => {
    stage.gate.signal('SIGSTOP')
    await sleep(stage.dice.between(200, 1_500))
    stage.gate.signal('SIGCONT')
  }),
  machine('disk-full', async stage => {
    const free = fillDisk(stage)
    await sleep(stage.dice.between(500, 2_500))
    free()
    await sleep(SETTLE_MS / 2)
  }),
  machine('kill-on-a-full-disk', async stage => {
    const free = fillDisk(stage)
    await sleep(stage.dice.between(100, 2_000))
    await kill(stage)
    await startAnyhow(stage, free)
  }),
  machine('policy-changes', async stage => {
    for (let turn = 0; turn < 3; turn += 1) {
      await stage.enforce(stage.inForce.current === 'open' ? 'strict' : 'open')
      await sleep(stage.dice.between(0, 600))
    }
  }),
  machine('policy-broken', async stage => {
    const { truth, gate, dice } = stage
    const said = gate.says('the changed policy was rejected')
    writeFileSync(
      truth.world.policy,
      dice.pick(['', 'version: 1\nprojects: [', '{"version":1,"mode":"enforce","projects":[{"macth":"*"}]}']),
    )
    gate.signal('SIGHUP')
    if (!(await said) && gate.url !== undefined) stage.checker.add('a broken policy was not rejected', '')
    await sleep(dice.between(0, 500))
    await stage.enforce(stage.inForce.current)
  }),
]
