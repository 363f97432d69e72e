import type { Instant } from '../../domain/base/instant.ts'
import type { OfferedRelease, ReleaseFacts, Signer } from '../../gate/report/release-facts.ts'
import { type Foreign, foreign, type Row, type Said, type Section } from './told.ts'

const DAY = 86_400_000
const YEAR = 365.25

/** `2026-11-28` */
export function day(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10)
}

/** `3 d`, `5 months`, `2.5 years`. */
export function age(from: Instant, now: Instant): string {
  const days = Math.max(0, Math.floor((now - from) / DAY))
  if (days < 60) return `${days} d`
  if (days < 2 * YEAR) return `${Math.floor(days / 30.44)} months`
  return `${(days / YEAR).toFixed(1)} years`
}

/** Never rounded up: 99.9 % are not all. */
export function percent(part: number, all: number): string {
  return all === 0 ? '' : ` (${Math.floor((100 * part) / all)} %)`
}

export function nameOf({ project, version }: Pick<ReleaseFacts, 'project' | 'version'>): Foreign {
  return foreign(`${project} ${version}`, { project, version })
}

export function signerName({ name }: Signer): Foreign {
  return foreign(name)
}

export function releaseName({ version, uploaded }: OfferedRelease): Foreign {
  return foreign(uploaded === undefined ? version : `${version} of ${day(uploaded)}`)
}

/** With commas between, the last after "and". */
export function listed(items: readonly Said[], most = 6): readonly Said[] {
  const shown = items.slice(0, most)
  const left = items.length - shown.length
  const all = left > 0 ? [...shown, `${left} more`] : shown
  return all.flatMap((item, at) => (at === 0 ? [item] : [at === all.length - 1 ? ' and ' : ', ', item]))
}

/** Nothing where there is nothing to tell. */
export function section(told: Omit<Section, 'as'> & { readonly as?: Section['as'] }): readonly Section[] {
  return told.rows.length === 0 ? [] : [{ ...told, as: told.as ?? 'open' }]
}

export function row(head: Said, ...said: readonly Said[]): Row {
  return { head, said }
}

/** The name of a file, or of the first and how many more there are. */
export function filesNamed(files: readonly { readonly filename: string }[]): readonly Said[] {
  const [first] = files
  if (first === undefined) return []
  const more = files.length - 1
  return more === 0 ? [foreign(first.filename)] : [foreign(first.filename), ` and ${more} more`]
}
