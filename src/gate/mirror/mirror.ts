import type { Policy } from '../../domain/policy/policy.ts'
import type { TrustStatus } from '../../ports/trust.ts'
import type { MirrorPlan } from '../../protocol/carry/mirror-plan.ts'
import type { Exported, ExportOrder } from './export.ts'
import type { Fetched } from './fetch.ts'
import type { HeldVerdict } from './held-verdicts.ts'
import type { Imported, ImportOrder } from './import.ts'
import type { TreeOrder } from './static-tree.ts'

/** An order whose folder is named by its path. */
type InFolder<Order> = Omit<Order, 'begin' | 'present' | 'writer' | 'folder'> & { readonly folder: string }

/** The data folder of a mirror, open for one command. */
export interface Mirror {
  /** See {@link fetchPlan}; only where an upstream is connected. */
  fetch(plan: MirrorPlan, progress: (done: number, all: number) => void): Promise<readonly Fetched[]>
  /** See {@link exportMirror}. */
  exportBundle(order: Omit<InFolder<ExportOrder>, 'tool' | 'policyFiles'>): Promise<Exported>
  /** See {@link exportTree}. */
  exportTree(order: InFolder<TreeOrder>): Promise<readonly HeldVerdict[]>
  /** See {@link importMirror}. */
  importBundle(order: InFolder<ImportOrder>): Promise<Imported>
  /**
   * Hashes everything that is held, sets aside what was changed, and judges every file as if nobody ever had. What is
   * damaged or cannot be determined is an outcome of its file.
   */
  verify(progress: (what: string, done: number, all: number) => void): Promise<readonly HeldVerdict[]>
  trust(): TrustStatus
  /** what judges what is fetched and held */
  policy(): Policy
  close(): Promise<void>
}
