import type { Test } from 'tap'
import { createOwed } from '../checks/journal.ts'
import type { KnownFile, Truth } from '../truth.ts'
import { type Agreed, compareMerged, type MergedRow } from './merged.ts'

/** A checker of the merged journal that finds nothing has to be one that would. */
export function assertMergedTeeth(t: Test, truth: Truth): void {
  const [good] = truth.filesOf('calmone')
  const [bare] = truth.filesOf('bare')
  const [first, second] = truth.filesOf(truth.faces[0] ?? '')
  if (good === undefined || bare === undefined || first === undefined || second === undefined)
    throw new TypeError('there are files of each kind')
  const row = ({ project, filename, sha256 }: KnownFile, count = 1): MergedRow => {
    return { client: '127.0.0.1', project, filename, outcome: 'admitted', sha256, count }
  }
  const agreedOn = ({ project, filename, sha256 }: KnownFile): Agreed => ({ project, filename, sha256 })
  const agreed = [good, bare, first, second].map(agreedOn)
  const seen = (rows: readonly MergedRow[], admissions = 0, known = agreed): readonly string[] => {
    const owed = createOwed()
    owed.ended(1, Number.POSITIVE_INFINITY)
    for (let number = 0; number < admissions; number += 1)
      owed.note(
        {
          asked: { client: '127.0.0.1', path: good.path },
          method: 'GET',
          status: 200,
          headers: {},
          body: good.bytes,
          complete: true,
          began: 0,
          headAt: 0,
        },
        1,
      )
    return compareMerged({ rows, agreed: known }, truth, owed).wrong
  }
  t.strictSame(seen([row(good, 2), row(first)], 2), [], 'what is right')
  t.match(seen([row(good)], 2), [/^1 of 2 rows are lost: /], 'a row less than clients saw')
  t.match(seen([row(bare)]), [/was admitted$/], 'a refused file')
  t.match(seen([row(first), row(second)]), [/^two signers were the first of /], 'two first signers')
  const other = [{ ...agreedOn(good), sha256: bare.sha256 }]
  t.match(seen([row(good)], 0, other), [/and first was /], 'other bytes than all agreed on')
  t.match(seen([row(good)], 0, []), [/nobody has seen it on a page$/], 'a file that nobody agreed on')
}
