import { type Sha256, sha256Of } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { atOnce } from '../../flow/steps.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { CarriedFolderWriter } from '../../ports/carried.ts'
import type { Index } from '../../ports/outward.ts'
import { signDocument } from '../../protocol/attest/dsse.ts'
import { type CarriedDocument, renderSums, SUMS } from '../../protocol/carry/mirror-manifest.ts'
import type { PageView } from '../../protocol/simple/page-view.ts'
import type { IndexFile, ProjectIndex } from '../../protocol/simple/project-index.ts'
import { escapeHtml, renderSimpleHtml } from '../../protocol/simple/simple-html.ts'
import { renderSimpleJson } from '../../protocol/simple/simple-json.ts'
import type { ExportOrder, ExportParts } from './export.ts'
import { type HeldVerdict, judgeHeld } from './held-verdicts.ts'

export interface TreeOrder extends Pick<ExportOrder, 'signer' | 'progress'> {
  readonly writer: CarriedFolderWriter
  /** where the tree will be served, without a slash at its end; `undefined`: every link is relative */
  readonly url: string | undefined
}

export interface TreeParts extends Pick<ExportParts, 'gates' | 'holdings' | 'blobs'> {
  /** what the tree is made of; `gates` is of this one alone */
  readonly index: Index
}

/**
 * Writes what is held and admitted now as a tree that any web server can serve: `simple/` (PEP 503 in `index.html`, PEP 691
 * in `index.json`), `packages/` with each file and its `.metadata`, and the provenance where the Integrity API has it. A
 * server of files judges nothing: what it serves was judged when the tree was made.
 */
export async function exportTree(order: TreeOrder, parts: TreeParts): Promise<readonly HeldVerdict[]> {
  const { writer, signer, progress } = order
  const judged = await judgeHeld(await parts.holdings.all(), parts.gates, (done, all) => progress('judged', done, all))
  const admitted = judged.flatMap(({ held, outcome, metadata }) =>
    !(outcome instanceof GateError) && outcome.kind === 'admitted' ? [{ ...held, coreMetadata: metadata }] : [],
  )
  const projects = Map.groupBy(admitted, ({ project }) => project)
  const written: CarriedDocument[] = [await writer.document('simple/index.html', rootPage([...projects.keys()]))]
  let done = 0
  for (const [project, files] of projects) {
    written.push(...(await writePages(project, files, order, parts.index)))
    for (const file of files) written.push(...(await writeFiles(file, writer, parts.blobs)))
    done += 1
    progress('written', done, projects.size)
  }
  const sums = Buffer.from(renderSums(written))
  await writer.document(SUMS, sums)
  await writer.document(`${SUMS}.dsse.json`, signDocument({ name: SUMS, sha256: sha256Of(sums) }, signer))
  await writer.finish()
  return judged
}

function rootPage(projects: readonly ProjectName[]): Buffer {
  const links = projects.map(name => `    <a href="${name}/">${escapeHtml(name)}</a><br />\n`)
  return Buffer.from(
    `<!DOCTYPE html>\n<html>\n  <head>\n    <meta name="pypi:repository-version" content="1.4">\n    <title>Simple index</title>\n  </head>\n  <body>\n${links.join('')}  </body>\n</html>\n`,
  )
}

async function writePages(
  project: ProjectName,
  files: readonly HeldFile[],
  { writer, url }: TreeOrder,
  index: Index,
): Promise<readonly CarriedDocument[]> {
  const answer = await index.project(project)
  if (answer.kind !== 'page') throw new GateError('unknown-bug', `${project} is held and has no page`)
  const view = viewOf(answer.index, new Map(files.map(file => [file.sha256, file])), url ?? '../..')
  return [
    await writer.document(`simple/${project}/index.html`, atOnce(renderSimpleHtml(view))),
    await writer.document(`simple/${project}/index.json`, atOnce(renderSimpleJson(view))),
  ]
}

function viewOf(index: ProjectIndex, admitted: ReadonlyMap<Sha256, HeldFile>, base: string): PageView {
  const { name, minor, status, statusReason, serial, versions } = index
  const files = index.files.flatMap(file => {
    const held = file.sha256 === undefined ? undefined : admitted.get(file.sha256)
    return held === undefined ? [] : [{ file, held }]
  })
  return {
    name,
    minor,
    status,
    statusReason,
    serial,
    versions,
    files: files.map(({ file, held }) => ({
      file: { ...file, coreMetadata: held.coreMetadata },
      url: `${base}${file.path}`,
      yanked: file.yanked,
      provenance: held.provenance === undefined ? null : `${base}/${provenancePlace(name, file)}`,
    })),
  }
}

function provenancePlace(project: ProjectName, { dist, filename }: Pick<IndexFile, 'dist' | 'filename'>): string {
  return `integrity/${project}/${encodeURIComponent(dist?.version ?? '')}/${filename}/provenance`
}

async function writeFiles(
  { project, path, filename, sha256, coreMetadata, provenance }: HeldFile,
  writer: CarriedFolderWriter,
  blobs: Blobs,
): Promise<readonly CarriedDocument[]> {
  const file = path.slice(1)
  const place = provenancePlace(project, { dist: filename, filename: filename.text })
  const wanted = [
    [file, sha256],
    [`${file}.metadata`, coreMetadata],
    [decodeURIComponent(place), provenance],
  ] as const
  const written: CarriedDocument[] = []
  for (const [name, digest] of wanted) {
    const blob = digest === undefined ? undefined : await blobs.open(digest)
    if (digest !== undefined && blob === undefined)
      throw new GateError('unknown-store', `the stored file ${digest} is gone: see portcullis mirror verify`)
    if (blob !== undefined) written.push(await writer.blob(name, blob))
  }
  return written
}
