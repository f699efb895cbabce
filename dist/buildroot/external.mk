include $(sort $(wildcard $(BR2_EXTERNAL_ANTEROOT_PATH)/package/*/*.mk))
