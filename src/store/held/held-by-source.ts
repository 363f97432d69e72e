import { GateError } from '../../domain/base/errors.ts'
import type { SourceName } from '../../domain/base/source-name.ts'
import type { HeldFile } from '../../domain/packaging/held-file.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { HeldFiles, HeldProjects } from '../../ports/mirror.ts'

/** Of what is held, the files of one source. */
export function heldOfSource(
  held: HeldProjects,
  { name, holderOf }: { readonly name: SourceName; readonly holderOf: (file: HeldFile) => SourceName | undefined },
): HeldProjects {
  const own = heldWhere(held, file => holderOf(file) === name)
  return { ...own, of: async project => oncePerName(await own.of(project)) }
}

/** Of what is held, some files. */
export function heldWhere(held: HeldProjects, isMeant: (file: HeldFile) => boolean): HeldProjects {
  const of = async (project: ProjectName): Promise<readonly HeldFile[]> => (await held.of(project)).filter(isMeant)
  return {
    of,
    async projects() {
      const projects: ProjectName[] = []
      for (const project of await held.projects()) if ((await of(project)).length > 0) projects.push(project)
      return projects
    },
  }
}

/**
 * All that is held, for a configuration that tells no sources apart. Names never merge across sources: of a project that two of them
 * brought, `of` throws `unknown-store`.
 */
export function heldUndivided<Held extends HeldFiles>(held: Held): Held {
  return {
    ...held,
    async of(project: ProjectName) {
      const files = await held.of(project)
      const brought = [...new Set(files.flatMap(({ source }) => source ?? []))].sort()
      if (brought.length > 1)
        throw new GateError(
          'unknown-store',
          `${project} is held of ${brought.join(' and of ')}: whose it is here is for \`sources\` in the configuration to say`,
        )
      return oncePerName(files)
    },
  }
}

/** Of two files of one name that one source brought, the one of which that was written down. */
function oncePerName(files: readonly HeldFile[]): readonly HeldFile[] {
  const byName = new Map<string, HeldFile>()
  for (const file of files)
    if (file.source !== undefined || !byName.has(file.filename.text)) byName.set(file.filename.text, file)
  return [...byName.values()]
}
