import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { GateError } from '../../../src/domain/base/errors.ts'
import { type Clock, type Instant, instant, millis, systemClock } from '../../../src/domain/base/instant.ts'
import type { GateEvent } from '../../../src/observe/events.ts'
import type { Trust } from '../../../src/ports/trust.ts'
import { createTrust, type TrustOptions } from '../../../src/verify/trust/trust.ts'
import { createSigningWorld } from '../../world/signing/signing.ts'
import type { TufRepository } from './trust-repository.ts'

export const DAY = 86_400_000
export const WEEK = millis(7 * DAY)
/** so that a refresh follows the last one at once */
export const SOON = millis(20)

type TrustEvent = Extract<GateEvent, { type: 'trust' }>

/** Roots of two Sigstores that have nothing in common. */
export const FIRST = (await createSigningWorld()).trustedRootJson
export const SECOND = (await createSigningWorld()).trustedRootJson

/** A wall clock that a test sets. */
export interface SettableClock {
  readonly read: Clock
  at: Instant
}

export function clockAt(at: number): SettableClock {
  const clock = { at: instant(at), read: () => clock.at }
  return clock
}

/** What was said, and a way to wait for the next of a kind. */
export function listen() {
  const said: TrustEvent[] = []
  const waiting: { readonly action: TrustEvent['action']; settle(event: TrustEvent): void }[] = []
  return {
    said,
    actions: () => said.map(({ action }) => action),
    /** the next one that has not happened yet */
    async next(action: TrustEvent['action']): Promise<TrustEvent> {
      const { promise, resolve } = Promise.withResolvers<TrustEvent>()
      waiting.push({ action, settle: resolve })
      return await promise
    },
    emit(event: GateEvent): void {
      if (event.type !== 'trust') return
      said.push(event)
      for (const waiter of waiting.splice(0))
        if (waiter.action === event.action) waiter.settle(event)
        else waiting.push(waiter)
    },
  }
}

/** A trust over this repository, entered by its first root as an operator of a mirror does. */
export async function open(
  t: Test,
  repository: TufRepository | undefined,
  changes: Partial<TrustOptions> = {},
): Promise<{ readonly trust: Trust; readonly events: ReturnType<typeof listen>; readonly folder: string }> {
  const folder = changes.folder ?? t.testdir()
  const events = listen()
  const tufRoot = join(folder, 'first-root.json')
  if (repository !== undefined) writeFileSync(tufRoot, repository.firstRoot)
  const trust = await createTrust({
    root: 'tuf',
    tufUrl: repository?.server.origin,
    tufRoot: repository === undefined ? undefined : tufRoot,
    maxAge: WEEK,
    clock: systemClock,
    environment: {},
    ca: undefined,
    ...changes,
    folder: join(folder, 'trust'),
    events,
  })
  t.teardown(() => trust.close())
  return { trust, events, folder }
}

export const now = (): Instant => systemClock()

export function refusal(trust: Trust, at: Instant): string {
  try {
    trust.fresh(at)
  } catch (error) {
    if (error instanceof GateError && error.code === 'unknown-trust') return error.detail
    throw error
  }
  return ''
}
