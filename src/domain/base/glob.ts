/** Linear: each literal between two stars is looked for once, to the right of the one before. */
function matchesStars(pattern: string, text: string): boolean {
  const literals = pattern.split('*')
  const first = literals.shift() ?? ''
  const last = literals.pop()
  if (last === undefined) return text === first
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
  let from = first.length
  const end = text.length - last.length
  for (const literal of literals) {
    const at = text.indexOf(literal, from)
    if (at < 0 || at + literal.length > end) return false
    from = at + literal.length
  }
  return true
}

/** Project-name globs: `*` is any run of characters, none included; there is no other wildcard. */
export function matchesName(glob: string, name: string): boolean {
  return matchesStars(glob, name)
}

/** Ref globs such as `refs/tags/v*`: `*` is any run of characters that does not cross a `/`. */
export function matchesRef(glob: string, ref: string): boolean {
  const patterns = glob.split('/')
  const segments = ref.split('/')
  return (
    patterns.length === segments.length &&
    patterns.every((pattern, index) => matchesStars(pattern, segments[index] ?? ''))
  )
}

/** What stands before the first `*`: of two globs, the one with the longer decides. */
export function literalPrefix(glob: string): string {
  const star = glob.indexOf('*')
  return star < 0 ? glob : glob.slice(0, star)
}

/** Whether some text matches both globs. Every pair of positions is visited once. */
export function globsMeet(left: string, right: string): boolean {
  const width = right.length + 1
  const seen = new Uint8Array((left.length + 1) * width)
  const open: [number, number][] = [[0, 0]]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [i, j] = next
    if (i === left.length && j === right.length) return true
    if (i > left.length || j > right.length || seen[i * width + j] === 1) continue
    seen[i * width + j] = 1
    const [a, b] = [left[i], right[j]]
    if (a === '*') open.push([i + 1, j], ...(b === undefined ? [] : ([[i, j + 1]] as [number, number][])))
    else if (b === '*') open.push([i, j + 1], ...(a === undefined ? [] : ([[i + 1, j]] as [number, number][])))
    else if (a !== undefined && a === b) open.push([i + 1, j + 1])
  }
  return false
}
