import type { ShownGates } from '../../http/console/pages/data.ts'
import type { SharedState } from '../../ports/store.ts'

/** The other gates as this one sees them now; `undefined`: it is alone. */
export function shownGates(shared: SharedState | undefined): ShownGates | undefined {
  if (shared === undefined) return undefined
  return { own: shared.own(), others: shared.others(), apart: shared.apart(), warnings: shared.warnings() }
}
