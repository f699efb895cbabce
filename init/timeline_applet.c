#include "init/applets.h"
int applet_timeline(int argc, char **argv)
{
	(void)argc, (void)argv;
	return 0;
}
