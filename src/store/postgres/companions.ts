import { type Clock, formatInstant, instant } from '../../domain/base/instant.ts'
import type { Events } from '../../observe/events.ts'
import type { GoesBy, OtherGate, SharedState } from '../../ports/store.ts'
import type { Connection } from './connection.ts'

/** How often a gate says what it goes by, ms. */
const EVERY_MS = 3_000
/** A gate that said nothing for so long is none, s. */
const GONE_AFTER = 20
/** A roll-out takes a moment: what lasts longer is told, ms. */
const LASTS_MS = 12_000

interface Row {
  readonly name: string
  readonly policies: string
  readonly trust: string
  /** Unix time, ms */
  readonly seen: string
}

interface Options {
  readonly connection: Connection
  /** a uuid of its own */
  readonly gate: string
  /** by which people know it */
  readonly name: string
  readonly events: Events
  readonly clock: Clock
}

export interface Companions extends Pick<SharedState, 'goBy' | 'own' | 'apart' | 'others'> {
  /** Says what it goes by, and looks what the others say. Throws `unknown-store`. */
  meet(): Promise<void>
  /** what is told of gates that go by something else, once that has lasted */
  told(): string | undefined
  leave(): Promise<void>
}

/** Gates that share a database and go by different policies or trust roots answer differently, whoever is asked: somebody must know. */
export function createCompanions({ connection, gate, name, events, clock }: Options): Companions {
  let goesBy: (() => GoesBy) | undefined
  let last = Number.NEGATIVE_INFINITY
  let since: number | undefined
  let others: readonly OtherGate[] = []
  /** those that go by something else */
  let differing: readonly OtherGate[] = []
  let alarmed = false

  function isApart(): boolean {
    return since !== undefined && performance.now() - since >= LASTS_MS
  }

  function told(): string | undefined {
    if (!isApart()) return undefined
    const what = goesBy?.()
    const kinds = [
      ...(differing.some(({ policies }) => policies !== what?.policies) ? ['policy'] : []),
      ...(differing.some(({ trust }) => trust !== what?.trust) ? ['trust root'] : []),
    ]
    return `${differing.length} of the gates that share the database go by another ${kinds.join(' and another ')}: ${differing.map(other => other.name).join(', ')}`
  }

  return {
    goBy(state) {
      goesBy = state
    },
    own: () => goesBy?.(),
    others: () => others,
    apart: () => (isApart() ? differing.length : 0),
    told,
    async meet() {
      if (goesBy === undefined || performance.now() - last < EVERY_MS) return
      last = performance.now()
      const what = 'what the other gates go by could not be read'
      const { policies, trust } = goesBy()
      await connection.ask(
        what,
        `insert into gates (gate, seen, name, policies, trust) values ($1, clock_timestamp(), $2, $3, $4)
         on conflict (gate) do update set seen = excluded.seen, name = excluded.name, policies = excluded.policies,
           trust = excluded.trust`,
        [gate, name, policies, trust ?? ''],
      )
      const rows = await connection.ask<Row>(
        what,
        `select name, policies, trust, floor(extract(epoch from seen) * 1000)::text as seen from gates where gate <> $1
           and seen > clock_timestamp() - interval '${GONE_AFTER} seconds' order by name, gate`,
        [gate],
      )
      others = rows.map(({ seen, trust: its, ...row }) => ({
        ...row,
        trust: its === '' ? undefined : its,
        seen: instant(Number(seen)),
      }))
      differing = others.filter(other => other.policies !== policies || other.trust !== trust)
      since = differing.length === 0 ? undefined : (since ?? performance.now())
      const detail = told()
      if (detail !== undefined && !alarmed)
        events.emit({
          type: 'alarm',
          alarm: 'gates-apart',
          detail: `${formatInstant(clock())}: ${detail}`,
          untrusted: undefined,
        })
      alarmed = detail !== undefined
    },
    async leave() {
      await connection.ask('a gate could not sign off', 'delete from gates where gate = $1', [gate])
    },
  }
}
