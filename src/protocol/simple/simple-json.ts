import { inGroups, joinInSteps, type Steps } from '../../flow/steps.ts'
import type { PageView, ViewedFile } from './page-view.ts'

/**
 * A project page as PEP 691 JSON in PyPI's own shape: sorted keys, compact, a final newline. Keys that the version does
 * not know are left out, and never a null `size`, `upload-time` or `yanked`, over which uv drops a whole page.
 */
export function* renderSimpleJson(view: PageView): Steps<Buffer> {
  const pieces = [Buffer.from('{"files":[')]
  for (const files of inGroups(view.files)) {
    const listed = files.map(file => renderFile(file, view.minor)).join(',')
    pieces.push(Buffer.from(pieces.length === 1 ? listed : `,${listed}`))
    yield
  }
  const rest = {
    meta: { ...(view.serial === undefined ? {} : { '_last-serial': view.serial }), 'api-version': `1.${view.minor}` },
    name: view.name,
    ...(view.minor < 4 ? {} : { 'project-status': renderStatus(view) }),
    ...(view.minor < 1 || view.versions === undefined ? {} : { versions: view.versions }),
  }
  pieces.push(Buffer.from(`],${JSON.stringify(rest).slice(1)}\n`))
  return yield* joinInSteps(pieces)
}

function renderStatus(view: PageView): object {
  return { ...(view.statusReason === undefined ? {} : { reason: view.statusReason }), status: view.status }
}

/**
 * As JSON text, member by member, which takes a quarter of the time of an object that is made to be written. File names, URLs,
 * digests and times are of grammars without a character that JSON escapes; texts of the index are escaped.
 */
function renderFile({ file, url, yanked, provenance }: ViewedFile, minor: PageView['minor']): string {
  const { filename, sha256, hashes, coreMetadata, requiresPython, size, uploadTime } = file
  // both keys as PyPI has them; `dist-info-metadata` breaks pip 22.3 to 23.1 (PEP 714)
  const metadata = coreMetadata === undefined ? 'false' : `{"sha256":"${coreMetadata}"}`
  const digests = sha256 !== undefined && hasOne(hashes) ? `{"sha256":"${sha256}"}` : JSON.stringify(hashes)
  const offered = minor < 3 || provenance === undefined ? '' : `,"provenance":${textOf(provenance)}`
  const python = requiresPython === undefined ? 'null' : JSON.stringify(requiresPython)
  const bytes = minor < 1 || size === undefined ? '' : `,"size":${size}`
  const uploaded = minor < 1 || uploadTime === undefined ? '' : `,"upload-time":"${uploadTime}"`
  const withdrawn = typeof yanked === 'string' ? JSON.stringify(yanked) : String(yanked)
  return `{"core-metadata":${metadata},"data-dist-info-metadata":${metadata},"filename":"${filename}","hashes":${digests}${offered},"requires-python":${python}${bytes}${uploaded},"url":${textOf(url)},"yanked":${withdrawn}}`
}

function hasOne(hashes: Readonly<Record<string, string>>): boolean {
  let count = 0
  for (const _ in hashes) count += 1
  return count === 1
}

/** Visible ASCII but quotes and backslashes stands in JSON as it is. */
const PLAIN = /^[!#-[\]-~]*$/

function textOf(text: string | null): string {
  return text !== null && PLAIN.test(text) ? `"${text}"` : JSON.stringify(text)
}
