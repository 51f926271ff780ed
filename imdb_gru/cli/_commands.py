"""Classes for commands and command groups."""

from collections import Counter
from typing import Any

import click

TEXTS = ("text", "texts")
"""Names of the command arguments that receive texts."""


class Command(click.Command):
    """A command that rejects a repeated option unless the option is a flag or is meant to be repeated."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, or raise `UsageError` if an option that may be given only once is repeated."""
        given = list(args)
        try:
            rest = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.possibilities or not any(parameter.name in TEXTS for parameter in self.params):
                raise
            hint = 'If this is a text, put -- between the options and the text, as in -- "-5 out of 10".'
            raise click.NoSuchOption(error.option_name, f"{error.message} {hint}", ctx=ctx) from error
        _, _, order = self.make_parser(ctx).parse_args(given)
        for parameter, count in Counter(order).items():
            if isinstance(parameter, click.Option) and count > 1 and not (parameter.multiple or parameter.is_flag):
                name = max(parameter.opts, key=len)
                raise click.UsageError(
                    f"{name} was given {count} times, but it takes one value: give it only once", ctx
                )
        return rest

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, or raise `ImdbGruError` if $IMDB_GRU_THREADS is invalid."""
        from imdb_gru.system.threads import read_setting

        read_setting()
        return super().invoke(ctx)


class Group(click.Group):
    """A group of `Command`s."""

    command_class = Command


class DefaultGroup(Group):
    """A group that runs its default command unless the first argument names one of its commands."""

    def __init__(self, *arguments: Any, default: str, **options: Any) -> None:
        """Store the name of the default command."""
        super().__init__(*arguments, **options)
        self.default = default

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, inserting the name of the default command unless the first argument names a command."""
        if not args or args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the usage line of the default command."""
        formatter.write_usage(ctx.command_path, " ".join(self.commands[self.default].collect_usage_pieces(ctx)))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of the default command, and the list of commands."""
        self.commands[self.default].format_options(ctx, formatter)
        self.format_commands(ctx, formatter)
