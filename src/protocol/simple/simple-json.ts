import { inGroups, joinInSteps, type Steps } from '../../flow/steps.ts'
import type { PageView, ViewedFile } from './page-view.ts'

/**
 * A project page as PEP 691 JSON in PyPI's own shape: sorted keys, compact, a final newline. Keys that the version does
 * not know are left out, and never a null `size`, `upload-time` or `yanked`, over which uv drops a whole page.
 */
export function* renderSimpleJson(view: PageView): Steps<Buffer> {
  const pieces = [Buffer.from('{"files":[')]
  for (const files of inGroups(view.files)) {
    const listed = JSON.stringify(files.map(file => renderFile(file, view.minor)))
    pieces.push(Buffer.from(`${pieces.length === 1 ? '' : ','}${listed.slice(1, -1)}`))
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

function renderFile({ file, url, yanked, provenance }: ViewedFile, minor: PageView['minor']): object {
  // both keys as PyPI has them; `dist-info-metadata` breaks pip 22.3 to 23.1 (PEP 714)
  const metadata = file.coreMetadata === undefined ? false : { sha256: file.coreMetadata }
  return {
    'core-metadata': metadata,
    'data-dist-info-metadata': metadata,
    filename: file.filename,
    hashes: file.hashes,
    ...(minor < 3 || provenance === undefined ? {} : { provenance }),
    'requires-python': file.requiresPython ?? null,
    ...(minor < 1 || file.size === undefined ? {} : { size: file.size }),
    ...(minor < 1 || file.uploadTime === undefined ? {} : { 'upload-time': file.uploadTime }),
    url,
    yanked,
  }
}
