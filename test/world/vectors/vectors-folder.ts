import { pathToFileURL } from 'node:url'

/** Other projects' data, read where it stands and never copied; tests skip, with a count, where it is absent. */
export const vectorsFolder: URL =
  process.env['PORTCULLIS_VECTORS'] === undefined
    ? new URL('../../../../shared/vectors/', import.meta.url)
    : pathToFileURL(`${process.env['PORTCULLIS_VECTORS']}/`)

/** Small inputs of other people, beside their documents. */
export const casesFolder: URL = new URL('../cases/', vectorsFolder)
