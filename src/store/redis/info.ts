/** What a server says of itself: lines of `name:value`. */
export const factOf = (info: string, name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
