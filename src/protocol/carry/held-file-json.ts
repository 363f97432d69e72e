import { z } from 'zod'
import { cut } from '../../domain/base/cut.ts'
import { parseInstant } from '../../domain/base/instant.ts'
import { trySourceName } from '../../domain/base/source-name.ts'
import type { UpstreamUrl } from '../../domain/packaging/artifact.ts'
import { filePathOf } from '../../domain/packaging/file-path.ts'
import { parseDistFilename } from '../../domain/packaging/filename.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import { tryProjectName } from '../../domain/packaging/name.ts'
import { parsedText, sha256Text } from '../text/parsed-text.ts'

const text = z.string().max(4_096)

/** No index has so many sources. */
const MOST_BEHIND = 1_000

/** A held file as a manifest and the database write it; every field is checked as strictly as an index page's. */
export const heldFileSchema = z
  .strictObject({
    project: z.string(),
    filename: z.string(),
    source: parsedText(trySourceName, 'a name of a source').optional(),
    behind: z.array(parsedText(trySourceName, 'a name of a source')).max(MOST_BEHIND).optional(),
    sha256: sha256Text,
    size: z.int().min(0),
    url: text.refine(isFileUrl, { error: 'is not a URL of a file' }),
    requires_python: text.nullable(),
    upload_time: text.refine(time => parseInstant(time) !== undefined, { error: 'is not a time' }).nullable(),
    yanked: z.union([z.boolean(), text.min(1)]),
    status: z.enum(['active', 'archived', 'deprecated', 'quarantined']),
    core_metadata: sha256Text.nullable(),
    provenance: sha256Text.nullable(),
    said: z.enum(['offered', 'none', 'unsaid']),
  })
  .transform((entry, context): HeldFile => {
    const project = tryProjectName(entry.project)
    const filename = project === entry.project ? parseDistFilename(entry.filename, project) : undefined
    if (project === undefined || filename === undefined) {
      context.issues.push({
        code: 'custom',
        input: undefined,
        message: `${cut(JSON.stringify(entry.filename), 80)} is no distribution of ${cut(JSON.stringify(entry.project), 80)}`,
      })
      return z.NEVER
    }
    const url = new URL(entry.url).href as UpstreamUrl
    return {
      project,
      filename,
      ...(entry.source === undefined ? {} : { source: entry.source }),
      ...(entry.behind === undefined ? {} : { behind: entry.behind }),
      sha256: entry.sha256,
      size: entry.size,
      path: filePathOf(url, entry.sha256, filename.text),
      url,
      requiresPython: entry.requires_python ?? undefined,
      uploadTime: entry.upload_time ?? undefined,
      yanked: entry.yanked,
      status: entry.status,
      coreMetadata: filename.kind === 'wheel' ? (entry.core_metadata ?? undefined) : undefined,
      provenance: entry.provenance ?? undefined,
      said: entry.said,
    }
  })

function isFileUrl(url: string): boolean {
  const parsed = URL.parse(url)
  return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.password === ''
}

export function heldFileJson(file: HeldFile): z.input<typeof heldFileSchema> {
  return {
    project: file.project,
    filename: file.filename.text,
    ...(file.source === undefined ? {} : { source: file.source }),
    ...(file.behind === undefined ? {} : { behind: [...file.behind] }),
    sha256: file.sha256,
    size: file.size,
    url: file.url,
    requires_python: file.requiresPython ?? null,
    upload_time: file.uploadTime ?? null,
    yanked: file.yanked,
    status: file.status,
    core_metadata: file.coreMetadata ?? null,
    provenance: file.provenance ?? null,
    said: file.said,
  }
}
