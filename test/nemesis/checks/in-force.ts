import type { KnownFile, PolicyName } from '../truth.ts'
import type { Answer } from '../wire.ts'

/** Which policy was in force, and when nobody could tell which of two. Times are those of `performance.now`. */
export interface InForce {
  /** It is written, and may be in force from now on. */
  written(name: PolicyName): void
  /** The one that was written last is in force, and no other. */
  certain(): void
  readonly current: PolicyName
  /** all that may have been in force at some time of it */
  during(began: number, ended: number): readonly PolicyName[]
  /** Somebody approves what may be approved: it may be in force from now on, until so many ms after it is withdrawn. */
  approved(): { withdrawn(lasts: number): void }
  /** Whether an approval may have been in force at some time of it. */
  mayBeApproved(began: number, ended: number): boolean
}

export function createInForce(first: PolicyName): InForce {
  const spans: { readonly name: PolicyName; readonly from: number; until: number }[] = [
    { name: first, from: 0, until: Number.POSITIVE_INFINITY },
  ]
  const approvals: { readonly from: number; until: number }[] = []
  const last = () => spans.at(-1) ?? { name: first, from: 0, until: 0 }
  return {
    get current() {
      return last().name
    },
    written(name) {
      if (name === last().name) return
      spans.push({ name, from: performance.now(), until: Number.POSITIVE_INFINITY })
    },
    certain() {
      const now = performance.now()
      for (const span of spans.slice(0, -1)) span.until = Math.min(span.until, now)
    },
    during: (began, ended) =>
      spans.filter(({ from, until }) => from <= ended && until >= began).map(({ name }) => name),
    approved() {
      const span = { from: performance.now(), until: Number.POSITIVE_INFINITY }
      approvals.push(span)
      return {
        withdrawn(lasts) {
          span.until = performance.now() + lasts
        },
      }
    },
    mayBeApproved: (began, ended) => approvals.some(({ from, until }) => from <= ended && until >= began),
  }
}

/** Whether it may have been admitted while it was answered. */
export function allow(inForce: InForce, { began, headAt }: Answer, file: KnownFile): boolean {
  if (file.admittedBy.includes('approval') && inForce.mayBeApproved(began, headAt)) return true
  return inForce.during(began, headAt).some(name => file.admittedBy.includes(name))
}
