import { setTimeout as sleep } from 'node:timers/promises'
import { sha256Of } from '../../src/domain/base/digest.ts'
import { codeOf } from './checks/checker.ts'
import type { Dice } from './dice.ts'
import type { GateProcess } from './gate-process.ts'
import { SIMPLE_JSON, type Stage } from './mischief/stage.ts'
import type { KnownFile } from './truth.ts'
import type { Answer } from './wire.ts'

/** What became of people who only want to install something, by the projects that they wanted. */
export interface Fortune {
  /** requests while the gate was up all the time */
  asked: number
  answered: number
  /** files that were wanted, with what belongs to them */
  wanted: number
  /** and were got, within as many tries as pip has */
  got: number
  /** ms from request to head */
  readonly waits: number[]
  readonly failures: Map<string, number>
}

export function createFortune(): Fortune {
  return { asked: 0, answered: 0, wanted: 0, got: 0, waits: [], failures: new Map() }
}

/** As pip has, by default. */
const TRIES = 5
/** ms; clients wait two seconds, but a run is short */
const BETWEEN_TRIES = 400

/** A client that takes one file after the other until the run is over. */
export async function liveHonestly(
  {
    stage,
    client,
    dice,
    wants,
  }: { readonly stage: Stage; readonly client: string; readonly dice: Dice; readonly wants: readonly KnownFile[] },
  fortune: Fortune,
  isOver: () => boolean,
): Promise<void> {
  const { gate } = stage
  while (!isOver()) {
    await gate.up().catch(() => {})
    if (isOver()) return
    const file = dice.pick(wants)
    const { life } = gate
    const got = await take({ stage, client, file, isOver }, fortune)
    if (wasInterrupted(gate, life) || isOver()) continue
    fortune.wanted += 1
    if (got) fortune.got += 1
    await sleep(dice.between(5, 60))
  }
}

function wasInterrupted(gate: GateProcess, life: number): boolean {
  return gate.life !== life || gate.url === undefined
}

interface Taking {
  readonly stage: Stage
  readonly client: string
  readonly file: KnownFile
  readonly isOver: () => boolean
}

/** Page, METADATA of a wheel, the file, each as often as it takes. */
async function take(taking: Taking, fortune: Fortune): Promise<boolean> {
  const { project, path, kind } = taking.file
  const asks: readonly string[] = [`/simple/${project}/`, ...(kind === 'wheel' ? [`${path}.metadata`] : []), path]
  for (const each of asks) if (!(await insist(taking, each, fortune))) return false
  return true
}

async function insist({ stage, client, file, isOver }: Taking, path: string, fortune: Fortune): Promise<boolean> {
  const { gate } = stage
  for (let tries = 0; tries < TRIES && !isOver(); tries += 1) {
    if (tries > 0) await sleep(BETWEEN_TRIES)
    const { life } = gate
    const answer = await stage.ask({
      client,
      path,
      headers: { accept: `${SIMPLE_JSON}, text/html; q=0.01`, 'accept-encoding': 'gzip' },
    })
    if (answer === undefined || wasInterrupted(gate, life)) return false
    const good = isGood(answer, file)
    fortune.asked += 1
    if (good) {
      fortune.answered += 1
      fortune.waits.push(answer.headAt - answer.began)
      return true
    }
    const why = codeOf(answer) ?? `${answer.status ?? 'no answer'}${answer.complete ? '' : ' broken off'}`
    fortune.failures.set(why, (fortune.failures.get(why) ?? 0) + 1)
    if (answer.status === 403 || answer.status === 404) return false
  }
  return false
}

function isGood({ asked, status, complete, body }: Answer, { path, sha256 }: KnownFile): boolean {
  return status === 200 && complete && (asked.path !== path || sha256Of(body) === sha256)
}
