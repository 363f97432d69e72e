import type { ProjectName } from '../domain/packaging/name.ts'

/**
 * What reports saw of the pages of one source, kept between runs in the user's cache. It is no memory: whatever cannot be read is
 * absent, whatever cannot be written is not kept, and nothing throws.
 */
export interface Looks<Look> {
  read(project: ProjectName): Promise<Look | undefined>
  write(project: ProjectName, look: Look): Promise<void>
}
