import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createWorld } from '../../test/world/world.ts'
import type { Measured } from '../figures.ts'
import { runToEnd } from '../stage/processes.ts'
import { ACME, forEach, type Group, inTurn, POLICY, type Stage } from '../stage/stage.ts'

export const VERSION: Group = {
  name: 'version',
  about: 'CPU of --version, the whole process',
  needs: ['time'],
  run: async stage => [await benchCommand(stage, { name: '--version', words: ['--version'], atMost: 100 })],
}

export const VERIFY_FILE: Group = {
  name: 'verify-file',
  about: 'CPU of verify of a local wheel, the whole process',
  needs: ['time'],
  run: benchVerifyFile,
}

async function benchVerifyFile(stage: Stage): Promise<readonly Measured[]> {
  const world = await createWorld(stage.scope)
  world.writePolicy(POLICY)
  const { wheel } = await world.release('local', '1.0', { kinds: ['wheel'], padTo: 1_000_000, identity: ACME })
  const file = join(stage.folder, wheel.filename)
  const provenance = join(stage.folder, 'provenance.json')
  writeFileSync(file, wheel.bytes)
  writeFileSync(provenance, wheel.provenance ?? '')
  const words = ['verify', file, '--provenance', provenance, '--trust-root', world.trustRoot, '--policy', world.policy]
  return [await benchCommand(stage, { name: 'verify of a local wheel', words, atMost: 250 })]
}

async function benchCommand(
  stage: Stage,
  { name, words, atMost }: { readonly name: string; readonly words: readonly string[]; readonly atMost: number },
): Promise<Measured> {
  const { checkouts, rounds } = stage
  const folder = join(stage.folder, 'empty')
  mkdirSync(folder)
  const bare: number[] = []
  const ours = forEach<number>(checkouts)
  // one round of which nothing is kept: files are in memory, and what is kept of compiled code is there
  await inTurn(
    stage,
    rounds + 1,
    async ({ launcher }, place, round) => {
      const { cpu } = await runToEnd(launcher, words, folder)
      if (round > 0) ours[place]?.push(cpu)
    },
    async round => {
      const { cpu } = await runToEnd(process.execPath, ['-e', '0'], folder)
      if (round > 0) bare.push(cpu)
    },
  )
  return {
    scenario: `${name}, CPU of the whole process`,
    unit: 'ms',
    gates: ours,
    peer: { name: 'node -e 0', values: bare },
    better: 'less',
    judged: 'value',
    goal: { atMost },
  }
}
