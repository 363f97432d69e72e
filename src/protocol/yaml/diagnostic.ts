/** One thing that is wrong with a file that a person wrote. Lines and columns count from 1. */
export interface Diagnostic {
  readonly file: string
  readonly line: number
  readonly column: number
  /** `projects[3].publishers[0].workflow`; empty for the document as a whole */
  readonly path: string
  readonly message: string
}

/** `file:line:col path: message` */
export function formatDiagnostic({ file, line, column, path, message }: Diagnostic): string {
  return `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${message}`
}

/** The candidate that was probably meant, or `undefined` when none is near. */
function nearest(text: string, candidates: readonly string[]): string | undefined {
  const limit = Math.min(3, Math.ceil(text.length / 3))
  const [best] = candidates
    .filter(candidate => Math.abs(candidate.length - text.length) <= limit)
    .map(candidate => ({ candidate, distance: editDistance(text, candidate) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
  return best?.candidate
}

/** ` (did you mean "…"?)`, or nothing. */
export function didYouMean(text: string, candidates: readonly string[]): string {
  const candidate = nearest(text, candidates)
  return candidate === undefined ? '' : ` (did you mean "${candidate}"?)`
}

/** Levenshtein, over texts that are cut to what a key or a name may be long. */
function editDistance(left: string, right: string): number {
  const [a, b] = [left.slice(0, 80), right.slice(0, 80)]
  let above = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (above[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, (above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    above = row
  }
  return above[b.length] ?? 0
}
