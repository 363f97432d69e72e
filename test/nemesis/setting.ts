import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Test } from 'tap'
import { smallDisk } from '../fault/small-disk.ts'
import { createChecker } from './checks/checker.ts'
import { createInForce } from './checks/in-force.ts'
import { createOwed, type Owed } from './checks/journal.ts'
import type { Dice } from './dice.ts'
import { createGateProcess, type Ended, type GateProcess } from './gate-process.ts'
import { createHealth } from './health.ts'
import type { FullDisk, Stage } from './mischief/stage.ts'
import { createTruth, INTERNAL, SECRET, type Truth } from './truth.ts'
import { type Asked, createWire } from './wire.ts'

/** A gate in front of an index that can be made to lie, and whoever looks at what it answers. */
export interface Setting {
  readonly stage: Stage
  readonly owed: Owed
  readonly deaths: Ended[]
  readonly alarms: Map<string, number>
  readonly healthWaits: number[]
  readonly data: string
  close(): Promise<void>
}

/** ms: what was decided is on the disk within a second */
export const PROMISED = 1_000
/** ms: after a failure writing is tried again every second */
const RETRIED = 2_000
export const STRANGERS_PATIENCE = 6_000

export async function setStage(t: Test, dice: Dice): Promise<Setting> {
  const truth = await createTruth(t)
  const { world } = truth
  const disk = smallDisk(t, '64m')
  const data = join(disk?.folder ?? world.folder, 'data')
  mkdirSync(data, { recursive: true })
  writeFileSync(world.policy, truth.policies.open)
  const mode = dice.pick(['list', 'list', 'annotate', 'hide'] as const)
  const inForce = createInForce('open')
  const checker = createChecker({ truth, inForce, mode })
  const owed = createOwed()
  const full: FullDisk = { since: undefined, until: 0 }
  const deaths: Ended[] = []
  const alarms = new Map<string, number>()
  const healthWaits: number[] = []
  const wire = createWire()
  const health = createHealth(wire, healthWaits)

  const gate: GateProcess = createGateProcess({
    folder: world.folder,
    configuration: configurationOf(truth, data, mode),
    line: text => readLine(text, checker.add, alarms),
    ended(ended) {
      owed.ended(ended.life, owedUntil(ended, full, PROMISED + health.slowest()))
      if (!isAsItShould(ended, full)) deaths.push(ended)
    },
  })
  health.watch(gate)
  let strangers = 0
  const stage: Stage = {
    truth,
    upstream: world.upstream,
    dice,
    gate,
    checker,
    inForce,
    disk,
    full,
    lies: new Map(),
    stranger() {
      strangers += 1
      return `127.${20 + ((strangers >> 14) & 63)}.${(strangers >> 7) & 127}.${1 + (strangers & 127)}`
    },
    async ask(asked: Asked) {
      const { url, life } = gate
      if (url === undefined) {
        await sleep(50)
        return undefined
      }
      const answer = await wire.ask(url, { patience: STRANGERS_PATIENCE, ...asked })
      owed.note(answer, life)
      checker.see(answer)
      return answer
    },
    async enforce(name) {
      const said = gate.says('changed policy in force')
      inForce.written(name)
      writeFileSync(world.policy, truth.policies[name])
      gate.signal('SIGHUP')
      if (await said) inForce.certain()
      else if (gate.url !== undefined) checker.add('a policy did not come into force', name)
    },
  }
  const close = async (): Promise<void> => {
    health.end()
    wire.close()
    await gate.close()
  }
  return { stage, owed, deaths, alarms, healthWaits, data, close }
}

function isFull({ since, until }: FullDisk): boolean {
  return since !== undefined && until < since
}

/** Until when a gate that has ended owes a row for what it answered. */
function owedUntil({ how, at }: Ended, full: FullDisk, window: number): number {
  if (how === 'stopped' && !isFull(full)) return Number.POSITIVE_INFINITY
  const wasWaiting = full.since !== undefined && (isFull(full) || at - full.until < window + RETRIED)
  return (wasWaiting ? Math.min(full.since ?? at, at) : at) - window
}

/** Killed, ended in order when it was asked to, or not begun because the disk is full. */
function isAsItShould({ how, code }: Ended, full: FullDisk): boolean {
  switch (how) {
    case 'killed':
      return true
    case 'stopped':
      return code === 0
    case 'by itself':
      return code === 2 && isFull(full)
    case 'stuck':
      return false
    default:
      return how satisfies never
  }
}

function configurationOf({ world }: Truth, data: string, mode: string): Readonly<Record<string, unknown>> {
  const base = world.configuration()
  return {
    ...base,
    data,
    upstream: { ...(base['upstream'] as object), timeout: '1s', auth: { [world.upstream.origin]: { token: SECRET } } },
    index: { mode, max_age: '1s', max_stale: '20s', internal: [INTERNAL] },
    files: { spool: '64KiB', cache: '12MiB' },
    findings: { negative_ttl: '2s' },
  }
}

/** What no line of a log may say, and the alarms that it tells. */
export function readLine(text: string, add: (what: string, detail: string) => void, alarms: Map<string, number>): void {
  if (text.includes(SECRET)) add('a secret in the log', text.slice(0, 500))
  if (text.includes('"msg":"internal error"')) add('an internal error', text.slice(0, 1_500))
  const [, alarm] = /"alarm":"([a-z-]+)"/.exec(text) ?? []
  if (alarm !== undefined) alarms.set(alarm, (alarms.get(alarm) ?? 0) + 1)
}
