import { vectorsFolder } from './vectors-folder.ts'

/** Small inputs of other people, beside their documents; tests skip, with a count, where the folder is absent. */
export const casesFolder: URL = new URL('../cases/', vectorsFolder)
