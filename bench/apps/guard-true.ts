/** A guard that looks at nothing: what Nest itself takes for having one. */
import { Controller, Get, Injectable, Module, UseGuards, type CanActivate } from '@nestjs/common';
import { ME, serve } from './serve';

@Injectable()
class TrueGuard implements CanActivate {
  canActivate(): boolean {
    return true;
  }
}

@Controller()
class MeController {
  @UseGuards(TrueGuard)
  @Get('me')
  me(): object {
    return ME;
  }
}

@Module({ controllers: [MeController] })
class AppModule {}

void serve(AppModule);
