import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256Of } from '../../domain/base/digest.ts'
import type { Source } from '../../domain/memory/source.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Looks } from '../../ports/looks.ts'

interface Options {
  /** in the user's cache; made when something is kept */
  readonly folder: string
  readonly source: Source
  /** of what is kept: another version, and what is there is absent */
  readonly version: string
}

/**
 * One file of JSON a project, which begins with what it is of and the sha256 of the rest: one that was cut short, altered or made by another
 * version is absent. It lies in a folder that only its owner may enter.
 */
export function createKeptLooks<Look>({ folder, source, version }: Options): Looks<Look> {
  const own = join(folder, sha256Of(source).slice(0, 16))
  const made = mkdir(own, { recursive: true, mode: 0o700 })
  made.catch(() => {}) // then nothing can be written below it either

  const headOf = (project: ProjectName, body: string): string => `${version} ${project} ${sha256Of(body)}`

  return {
    async read(project) {
      try {
        const text = await readFile(join(own, `${project}.json`), 'utf8')
        const end = text.indexOf('\n')
        const body = text.slice(end + 1)
        return text.slice(0, end) === headOf(project, body) ? (JSON.parse(body) as Look) : undefined
      } catch {
        return undefined
      }
    },
    async write(project, look) {
      const path = join(own, `${project}.json`)
      const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
      try {
        await made
        const body = JSON.stringify(look)
        await writeFile(temporary, `${headOf(project, body)}\n${body}`, { flag: 'wx', mode: 0o600 })
        await rename(temporary, path)
      } catch {
        await rm(temporary, { force: true }).catch(() => {})
      }
    },
  }
}
