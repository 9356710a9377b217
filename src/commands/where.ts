import { BaseCommand } from '../cli/base-command.js'
import { formatPlaces, placesOf } from '../cli/places.js'

export default class Where extends BaseCommand {
  static override readonly summary = 'Show which root, files, socket and Redis are used, and who says so.'
  static override readonly description = 'Nothing is connected to; "status" does that. Passwords are never shown.'
  static override readonly examples = ['<%= config.bin %> where', '<%= config.bin %> where --json']

  async run(): Promise<void> {
    const { flags } = await this.parse(Where)
    const places = await placesOf(flags)
    if (this.jsonEnabled()) await this.printReply(places)
    else await this.print(formatPlaces(places))
  }
}
