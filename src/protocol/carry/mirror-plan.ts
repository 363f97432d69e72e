import { z } from 'zod'
import type { Sha256 } from '../../domain/base/digest.ts'
import { GateError } from '../../domain/base/errors.ts'
import { SOURCE_NAME, type SourceName, trySourceName } from '../../domain/base/source-name.ts'
import { isListedFilename } from '../../domain/packaging/filename.ts'
import { type ProjectName, tryProjectName } from '../../domain/packaging/name.ts'
import { parsePlatformTarget, parsePythonTarget, type Targets } from '../../domain/packaging/targets.ts'
import { parseVersion, type Version } from '../../domain/packaging/version.ts'
import { JsonError, parseJsonStrict } from '../text/json.ts'
import { parsedText, sha256Text } from '../text/parsed-text.ts'

/** A file that is to be fetched, and what the gate would have said of it when the plan was made. */
export interface PlannedFile {
  readonly project: ProjectName
  readonly version: Version
  readonly filename: string
  /** whose file it is; `undefined` where one upstream is configured, as `index` */
  readonly source?: SourceName | undefined
  /** the index that is asked, by what the configuration calls it; `undefined`: the first */
  readonly index?: string | undefined
  readonly sha256: Sha256
  /** bytes, where the index told */
  readonly size: number | undefined
  readonly outcome: 'admitted' | 'refused' | 'unknown'
  /** of a refusal or an error */
  readonly code: string | undefined
}

/** What somebody asked a mirror for and did not get: a file, or whatever the newest release of a project has. */
export interface WantedFile {
  readonly project: ProjectName
  readonly filename: string | undefined
  /** the index that was asked; `undefined`: the first */
  readonly index?: string | undefined
}

/** What `mirror fetch` is to fetch. Nothing in it depends on when it was made: the same locks and answers, the same bytes. */
export interface MirrorPlan {
  readonly locks: readonly string[]
  readonly targets: Targets
  readonly files: readonly PlannedFile[]
  readonly wanted: readonly WantedFile[]
}

const FORMAT = 'portcullis-plan/1'
/** Something in it is said of a source or of an index. */
const WITH_SOURCES = 'portcullis-plan/2'
const LIMITS = { bytes: 256 * 1024 * 1024, depth: 8 }

const filename = z.string().refine(isListedFilename, { error: 'is not a file name' })

const index = z.string().regex(SOURCE_NAME, { error: 'is not a name of an index' }).optional()

const planSchema = z.strictObject({
  format: z.enum([FORMAT, WITH_SOURCES]),
  locks: z.array(z.string()),
  python: z.array(parsedText(parsePythonTarget, 'a Python')),
  platform: z.array(parsedText(parsePlatformTarget, 'a platform')),
  files: z.array(
    z.strictObject({
      project: parsedText(tryProjectName, 'a project name'),
      version: parsedText(parseVersion, 'a version'),
      filename,
      source: parsedText(trySourceName, 'a name of a source').optional(),
      index,
      sha256: sha256Text,
      size: z.int().min(0).nullable(),
      outcome: z.enum(['admitted', 'refused', 'unknown']),
      code: z.string().nullable(),
    }),
  ),
  wanted: z.array(
    z.strictObject({ project: parsedText(tryProjectName, 'a project name'), filename: filename.nullable(), index }),
  ),
})

/** Reads a plan; throws `usage` naming `path` and what is wrong. */
export function readMirrorPlan(bytes: Uint8Array, path: string): MirrorPlan {
  const { data, error } = planSchema.safeParse(parseJson(bytes, path))
  if (data === undefined) {
    const [issue] = error.issues
    throw new GateError('usage', `${path} is no plan: ${issue?.path.join('.') || 'it'}: ${issue?.message}`)
  }
  return {
    locks: data.locks,
    targets: { pythons: data.python, platforms: data.platform },
    files: data.files.map(file => ({ ...file, size: file.size ?? undefined, code: file.code ?? undefined })),
    wanted: data.wanted.map(want => ({ ...want, filename: want.filename ?? undefined })),
  }
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return parseJsonStrict(bytes, LIMITS)
  } catch (error) {
    if (error instanceof JsonError) throw new GateError('usage', `${path} is no plan: ${error.message}`)
    throw error
  }
}

/** The plan as text: its files once each by sha256 and name, by project and name. */
export function renderMirrorPlan({ locks, targets, files, wanted }: MirrorPlan): string {
  const knows = [...files, ...wanted].some(
    entry => (entry.index ?? ('source' in entry ? entry.source : undefined)) !== undefined,
  )
  const plan = {
    format: knows ? WITH_SOURCES : FORMAT,
    locks,
    python: targets.pythons.map(({ text }) => text),
    platform: targets.platforms.map(({ text }) => text),
    files: sorted(files.map(file => ({ ...file, size: file.size ?? null, code: file.code ?? null }))),
    wanted: sorted(wanted.map(want => ({ project: want.project, filename: want.filename ?? null, index: want.index }))),
  }
  return `${JSON.stringify(plan, undefined, 1)}\n`
}

/** By project and file name; what is there twice stays once. */
function sorted<Item extends { readonly project: ProjectName; readonly filename: string | null }>(
  items: readonly Item[],
): readonly Item[] {
  const keyed = new Map(items.map(item => [`${item.project} ${item.filename ?? ''} ${JSON.stringify(item)}`, item]))
  return [...keyed].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}
